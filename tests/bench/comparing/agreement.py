"""Do all servers serve the same? Asked before anything is measured."""

from comparing import asking


def answers(server, data):
    return {question: asking.ask(server.port, *question) for question in asking.samples(data)}


def check(name, first_name, first, other):
    """What differs in content ends the run: figures of different answers compare nothing."""
    for question, answer in other.items():
        if answer is None or first[question] is None:
            silent = name if answer is None else first_name
            raise SystemExit("%s does not answer %s %s" % ((silent,) + question))
        if answer.content() != first[question].content():
            raise SystemExit("%s answers %s %s differently:\n%s\nbut %s:\n%s" % (
                (name,) + question + (answer.content(), first_name, first[question].content())))


def additional_of(name, first_name, first, other):
    """In words, what differs in the additional section, which a server may fill or not."""
    same = all(a.additional() == first[q].additional() for q, a in other.items())
    counts = sorted({len(a.additional()) for (_, t), a in other.items() if t == "SRV"})
    sizes = sorted({a.size for (_, t), a in other.items() if t == "SRV"})
    return "%s: SRV answers of %s bytes with %s addresses added%s" % (
        name, "-".join(map(str, sizes[:1] + sizes[-1:])), "/".join(map(str, counts)),
        "" if same else " (those of %s differ)" % first_name)
