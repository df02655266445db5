# Completion of discctl's command line for bash: verbs, options, and the names of services
# and instances as the server knows them. Sourced, or put where bash-completion looks.

# Of the help's lines: the words that begin with --.
_discctl_options() {
    discctl "$1" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

# The first word that is no option and no option's value.
_discctl_verb() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --http | --token-file | --ca | --timeout | --ns) ((i++)) ;;
        -*) ;;
        *)
            echo "${COMP_WORDS[i]}"
            return
            ;;
        esac
    done
}

_discctl_services() {
    discctl list --timeout 1 --json 2>/dev/null | sed -n 's/^ *"name": "\([^"]*\)".*/\1/p'
}

_discctl_instances() {
    discctl show "$1" --timeout 1 --json 2>/dev/null | sed -n 's/^ *"id": "\([^"]*\)".*/\1/p'
}

# What stands behind the verb: SERVICE, then perhaps INSTANCE.
_discctl_names() {
    local verb=$1 previous=${COMP_WORDS[COMP_CWORD - 1]}
    case $verb in
    show | watch | drain | undrain | weight | evict)
        if [ "$previous" = "$verb" ]; then
            _discctl_services
        elif [ "$verb" != show ] && [ "$verb" != watch ]; then
            _discctl_instances "$previous"
        fi
        ;;
    guard) echo on off auto ;;
    esac
}

_discctl() {
    local word=${COMP_WORDS[COMP_CWORD]} verb
    verb=$(_discctl_verb)
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --token-file | --ca | --secret-file | --file)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    if [ -z "$verb" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(discctl --help | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_discctl_options "$verb")" -- "$word")
    elif [ "$verb" = export ] || [ "$verb" = import ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_discctl_names "$verb")" -- "$word")
    fi
}
complete -F _discctl discctl
