/* The configuration of a scenario: its `config` lines, kept as text and turned into the
 * structs of registry, reg and dns at each start and reload. */
#ifndef DISC_TESTS_SCENARIO_SETUP_H
#define DISC_TESTS_SCENARIO_SETUP_H

#include "dns/dns.h"
#include "reg/reg.h"
#include "registry/registry.h"
#include "scenario/script.h"

enum { SETUP_LINES_MAX = 64, SETUP_FILES_MAX = 8 };

struct setup_file { /* a zone file given in the scenario, in memory */
    char name[32];
    int fd;
};

struct setup {
    struct script *script;
    struct {
        char *text;
        unsigned line;
    } lines[SETUP_LINES_MAX];
    unsigned count;
    struct setup_file files[SETUP_FILES_MAX];
    unsigned file_count;
    uint64_t wall_start_ms; /* what +60s in not_before and not_after counts from */
};

struct built {
    struct dns_config dns;
    struct reg_config reg;
    struct registry_config registry;
    char *permanent_service; /* "ns/service" that stays known for ever, or NULL */
};

void setup_add(struct setup *s, const char *line);
/* Forgets the lines that begin with this word. */
void setup_clear(struct setup *s, const char *word);
/* Takes the lines up to "end" of the script as a zone file. */
void setup_zone_file(struct setup *s, const char *name);
/* Ends the program at a line that makes no sense. */
void setup_build(struct setup *s, struct built *out);
void setup_free(struct setup *s);

/* The secret of a key line: id or "id/next". */
const char *setup_secret(const struct setup *s, const char *id, char out[static 65]);

#endif
