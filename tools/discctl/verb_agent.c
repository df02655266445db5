#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

enum { GOODBYE_MS = 2000 };

struct agent {
    const struct arguments *arguments;
    struct entries entries;
    struct disc *d;
    unsigned servers;
    struct check check;
    int signals;   /* signalfd */
    pid_t command; /* 0 = none, or it has ended */
    int code;      /* what to exit with */
    int stop;      /* the signal that ends us; -1 = another reason */
};

/* ---- what the servers say ------------------------------------------------------- */

static const char *kind_text(enum disc_event_kind kind)
{
    switch (kind) {
    case DISC_EVENT_REGISTERED: return "registered";
    case DISC_EVENT_LOST: return "lost";
    case DISC_EVENT_FAILED: return "refused";
    case DISC_EVENT_LEFT: return "left";
    }
    return "?";
}

static void print_json(const struct disc_event *e)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", kind_text(e->kind), "server",
                          e->server, "service", e->service, "instance", e->instance, "address",
                          e->address, "text", e->words);
    if (e->code) {
        json_object_set_new(o, "code", json_integer(e->code));
        json_object_set_new(o, "why", json_string(e->why));
    }
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(o);
}

static void print_text(const struct disc_event *e)
{
    const char *slash = *e->instance ? "/" : "";
    fprintf(stderr, "discctl agent: %s%s%s at %s: ", e->service, slash, e->instance, e->server);
    if (e->kind == DISC_EVENT_FAILED)
        fprintf(stderr, "refused: ");
    fprintf(stderr, "%s", e->words);
    if (e->kind == DISC_EVENT_REGISTERED && *e->address)
        fprintf(stderr, ", address %s", e->address);
    if (e->kind == DISC_EVENT_FAILED && e->retry_ms > 0)
        fprintf(stderr, "; again in %lld s", (long long)(e->retry_ms + 999) / 1000);
    fputc('\n', stderr);
}

/* A mistake on the command line is told at once, not repeated every minute. */
static bool is_hopeless(const struct disc_event *e, const struct entry *entry)
{
    bool mistake = e->code == 400 || e->code == 413 || e->code == 422 || e->code == 505;
    return e->kind == DISC_EVENT_FAILED && mistake && !entry->answered;
}

static void on_event(void *context, const struct disc_event *e)
{
    struct agent *agent = context;
    if (agent->arguments->json)
        print_json(e);
    else
        print_text(e);
    for (size_t i = 0; i < agent->entries.count; i++) {
        struct entry *entry = &agent->entries.items[i];
        if (entry->handle != e->handle)
            continue;
        entry->answered |= e->kind == DISC_EVENT_REGISTERED;
        if (is_hopeless(e, entry) && !agent->stop) {
            agent->stop = -1;
            agent->code = EXIT_REFUSED;
        }
    }
}

/* ---- registering ------------------------------------------------------------------ */

static void add_server(void *context, const char *server)
{
    struct agent *agent = context;
    enum disc_result e = disc_add_server(agent->d, server);
    if (e)
        fprintf(stderr, "discctl agent: %s: %s\n", server, disc_result_text(e));
    else
        agent->servers++;
}

static void spec_of(const struct agent *agent, const struct entry *entry, struct disc_spec *spec)
{
    arguments_spec(&entry->arguments, spec);
    if (!agent->check.healthy)
        spec->status = "down";
}

static bool register_all(struct agent *agent)
{
    for (size_t i = 0; i < agent->entries.count; i++) {
        struct entry *entry = &agent->entries.items[i];
        struct disc_spec spec;
        spec_of(agent, entry, &spec);
        entry->handle = disc_register(agent->d, &spec);
        if (entry->handle > 0)
            continue;
        fprintf(stderr, "discctl agent: %s: %s%s\n", spec.service,
                disc_result_text((enum disc_result) - entry->handle),
                entry->handle == -DISC_INVALID
                    ? ": look at --subnet (this host needs an address inside) and --meta"
                    : "");
        return false;
    }
    return true;
}

static void update_all(struct agent *agent)
{
    fprintf(stderr, "discctl agent: the check %s\n",
            agent->check.healthy ? "passes: up" : "fails: down");
    for (size_t i = 0; i < agent->entries.count; i++) {
        struct disc_spec spec;
        spec_of(agent, &agent->entries.items[i], &spec);
        enum disc_result e = disc_update(agent->d, agent->entries.items[i].handle, &spec);
        if (e)
            fprintf(stderr, "discctl agent: %s: %s\n", spec.service, disc_result_text(e));
    }
}

/* ---- the loop ------------------------------------------------------------------- */

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reap_command(struct agent *agent)
{
    int status;
    if (!agent->command || waitpid(agent->command, &status, WNOHANG) != agent->command)
        return;
    agent->command = 0;
    agent->code = command_code(status);
    if (!agent->stop)
        agent->stop = -1;
}

/* The last of TERM and INT that came, 0 for none. */
static int read_signals(const struct agent *agent)
{
    struct signalfd_siginfo info;
    int last = 0;
    while (read(agent->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD)
            last = (int)info.ssi_signo;
    }
    return last;
}

static int wait_of(const struct agent *agent)
{
    uint64_t now = disc_now_ms();
    int one = disc_timeout_ms(agent->d, now), other = check_wait_ms(&agent->check, now);
    if (one < 0 || other < 0)
        return one < 0 ? other : one;
    return one < other ? one : other;
}

static void turn(struct agent *agent)
{
    struct pollfd fds[1 + DISC_SERVERS_MAX] = {{.fd = agent->signals, .events = POLLIN}};
    size_t count = disc_pollfds(agent->d, fds + 1, DISC_SERVERS_MAX);
    (void)poll(fds, 1 + count, wait_of(agent));
    int sign = read_signals(agent);
    if (sign)
        agent->stop = sign;
    reap_command(agent);
    uint64_t now = disc_now_ms();
    if (check_step(&agent->check, now) && !agent->stop)
        update_all(agent);
    disc_process(agent->d, now);
}

/* Withdrawn first, stopped second: no request meets a closed port. */
static void end_command(struct agent *agent)
{
    struct pollfd fd = {.fd = agent->signals, .events = POLLIN};
    int sign = agent->stop > 0 ? agent->stop : SIGTERM;
    int code = agent->stop > 0 ? -1 : agent->code; /* a refusal counts more */
    while (agent->command) {
        if (sign)
            kill(agent->command, sign);
        (void)poll(&fd, 1, -1);
        sign = read_signals(agent);
        reap_command(agent);
    }
    if (code >= 0)
        agent->code = code;
}

static void say_goodbye(struct agent *agent)
{
    check_stop(&agent->check);
    if (disc_close(agent->d, GOODBYE_MS) != DISC_OK)
        fprintf(stderr, "discctl agent: not every server confirmed; leases run out there\n");
    agent->d = NULL;
    end_command(agent);
}

/* ---- start ---------------------------------------------------------------------- */

static int run(struct agent *agent)
{
    if (agent->arguments->command) {
        agent->command = command_start(agent->arguments->command, &agent->code);
        if (!agent->command)
            return agent->code;
    }
    check_init(&agent->check, agent->arguments, disc_now_ms());
    if (!register_all(agent)) {
        agent->stop = -1;
        agent->code = EXIT_USAGE;
    }
    while (!agent->stop)
        turn(agent);
    say_goodbye(agent);
    return agent->code;
}

static int open_client(struct agent *agent)
{
    struct disc_options options;
    arguments_options(agent->arguments, &options);
    options.event = on_event;
    options.context = agent;
    agent->d = disc_new(&options);
    if (!agent->d) {
        fprintf(stderr, "discctl agent: %s\n",
                errno == ENOTSUP ? disc_result_text(DISC_UNSUPPORTED) : strerror(errno));
        return EXIT_USAGE;
    }
    arguments_servers(agent->arguments, add_server, agent);
    return agent->servers ? EXIT_DONE : EXIT_NO_ANSWER;
}

int verb_agent(struct arguments *a)
{
    struct agent agent = {.arguments = a, .signals = open_signals()};
    int code = EXIT_USAGE;
    if (agent.signals < 0)
        fprintf(stderr, "discctl agent: signalfd: %s\n", strerror(errno));
    else if (entries_load(&agent.entries, a))
        code = open_client(&agent);
    if (agent.d && code == EXIT_DONE)
        code = run(&agent);
    disc_free(agent.d);
    entries_free(&agent.entries);
    if (agent.signals >= 0)
        close(agent.signals);
    return code;
}
