/* What the parts of UPDATE share. Private to update_*.c and their tests.
 *
 *   update_read      the message's sections, uncompressed
 *   update_require   prerequisites, against what the zone answers
 *   update_check     prescan and grants
 *   update_work      the records of the names in question, and the changes made to them
 *   update_derive    what instances and plain records these are now
 *   update_run       all of this, then registry and plain records as one change */
#ifndef DISC_DNS_UPDATE_PARTS_H
#define DISC_DNS_UPDATE_PARTS_H

#include <sys/queue.h>

#include "base/bytes.h"
#include "base/map.h"
#include "dns/query.h"
#include "dns/records_change.h"
#include "dns/state.h"
#include "dns/wire.h"

struct update_rr {
    struct name owner;
    uint16_t type, class;
    uint32_t ttl;
    uint16_t size;        /* of rdata */
    uint16_t sent_size;   /* as received, before names in it were uncompressed */
    const uint8_t *rdata; /* names of types that are known uncompressed and in lower case */
    bool bad;             /* the RDATA is none of this type */
};

struct work_name;

/* A record of a name in question. */
struct work_record {
    struct work_record *next;
    struct work_name *at;          /* SRV that an instance shows */
    LIST_ENTRY(work_record) shown; /* while it is in the list of that name */
    STAILQ_ENTRY(work_record) tie; /* SRV: the next of its instance's */
    uint16_t type, size;
    uint32_t ttl;
    uint32_t lease_s; /* when loaded */
    struct text key;  /* when loaded */
    const uint8_t *rdata;
    struct work_instance *of; /* the instance that is there and shows it; else NULL */
    bool loaded;              /* a plain record that is there */
    bool added;               /* by this message */
    bool retimed;             /* another one of its RRset brought a new TTL */
    bool taken;               /* out of the lists of its name, or about to be */
    uint8_t form;             /* SRV in an instance's ties: enum update_form of its name */
};

struct work_instance;

/* What instances show at the names of services can be very many: it is apart, so that only
 * those are looked at of which the message speaks. */
struct work_name {
    struct name owner;
    struct work_record *first;
    LIST_HEAD(, work_record) shown; /* SRV of instances, as they are; added ones are above */
    struct work_record *gone;       /* loaded ones that were deleted */
    bool whole;                     /* all instances that show SRV here are loaded */
    bool alone;                     /* checked: nothing but what belongs to a service */
    bool serves;                    /* of a service that has an instance then */
};

/* An instance that there is, or that may come to be. */
struct work_instance {
    struct text service, id;
    struct name at;                  /* I.S.Z */
    const struct instance *stored;   /* NULL = it is not there */
    STAILQ_HEAD(, work_record) ties; /* SRV: shown ones, and by update_derive all others */
    struct work_name *services[3];   /* of its service, by update_derive: _S._tcp.Z, _S._udp.Z,
                                        S.Z; NULL = longer than names may be */
    struct work_name *name;          /* at `at`, likewise */
    bool touched;                    /* the message adds to it, or takes from it */
    bool registers;                  /* and it is to be registered, as: */
    struct record *after;
};

struct memory; /* a chunk of an update's */

struct update {
    struct dns *dns;
    const struct registry *registry;
    struct moment now;
    struct zone *zone;
    const struct dns_zone_config *config;
    struct text key;      /* name of the TSIG key */
    struct principal who; /* its holder */
    bool leased;          /* else permanent */
    uint32_t lease_s;     /* granted */
    struct update_rr *required, *changes;
    size_t required_count, change_count;
    struct map names, instances; /* struct work_name, struct work_instance */
    struct memory *memory;
    bool idle_deletes; /* something that is not there was to be deleted */

    /* The result. */
    unsigned rcode;
    int ede;
    char text[120];
};

/* Sets the result, the first time; always false. The name, if any, is appended to the text. */
bool update_fail(struct update *u, unsigned rcode, int ede, const char *text,
                 const struct name *name);
/* Memory that lives as long as the update; NULL (and the result is SERVFAIL) when there is
 * none. Zeroed. */
void *update_memory(struct update *u, size_t size);
/* Gives back all that was taken since the mark. */
struct update_mark {
    struct memory *memory;
    size_t used;
};
struct update_mark update_mark(const struct update *u);
void update_release(struct update *u, struct update_mark mark);
void update_deinit(struct update *u);

/* ---- update_read.c, update_rdata.c ---- */

/* Reads prerequisites and changes. False: memory lacks, or FORMERR. */
bool update_read(struct update *u, const struct query *q);
/* The RDATA at *at in the message, `size` bytes, written uncompressed. False: it is none of
 * this type. Types that are not known are copied (RFC 3597). */
bool update_rdata(const uint8_t *bytes, size_t message_size, size_t at, size_t size, uint16_t type,
                  struct writer *w);

/* ---- update_require.c, update_check.c ---- */

bool update_require(struct update *u);
bool update_prescan(struct update *u);
bool update_granted(struct update *u);

/* ---- update_names.c ---- */

enum update_form { FORM_OTHER, FORM_SERVICE, FORM_TCP, FORM_UDP };

/* Is it S.Z, _S._tcp.Z or _S._udp.Z for some service name S, which then is the update's? */
enum update_form update_form(struct update *u, const struct name *name, struct text *service);
/* Is it I.S.Z? */
bool update_is_instance(struct update *u, const struct name *name, struct text *service,
                        struct text *id);
/* S.Z, _S._tcp.Z, _S._udp.Z. False: longer than names may be. */
bool update_name(const struct update *u, struct text service, enum update_form form,
                 struct name *out);

/* ---- update_work.c ---- */

/* Makes all changes in their order to the records of the names in question. */
bool update_apply(struct update *u);
/* The name with its plain records. NULL: memory lacks. */
struct work_name *work_name_get(struct update *u, const struct name *owner);
/* The same without the instance that may be there. */
struct work_name *work_name_plain(struct update *u, const struct name *owner);
/* NULL: it is not among those in question. */
struct work_name *work_name_find(const struct update *u, const struct name *owner);
struct work_instance *work_instance_find(const struct update *u, struct text service,
                                         struct text id);
/* From the list at *at; its instance is touched, a loaded one kept among those gone. */
void work_take(struct work_name *n, struct work_record **at);
/* Likewise one of a name's `shown`. */
void work_take_shown(struct work_record *r);
/* With its records in the names in question, when it is there. NULL: memory lacks. */
struct work_instance *work_instance_get(struct update *u, struct text service, struct text id);

/* ---- update_load.c ---- */

/* Puts the records of a stored instance into the names in question: each port's SRV at
 * _S._tcp.Z or _S._udp.Z, else at S.Z; port 0 = it has none; each string of its TXT as a
 * record of its own. */
bool work_load(struct update *u, struct work_instance *i);
/* Those instances of a service that there is that show SRV at this form of its name; at S.Z
 * all. Its name is the update's. */
bool work_load_service(struct update *u, const struct service *s, struct text service,
                       enum update_form form);
/* A name that is all of these bytes. */
bool work_wire_name(const uint8_t *bytes, size_t size, struct name *out);
/* The target of an SRV record, which is in lower case; false: it is no I.S.Z. */
bool work_target(struct update *u, const uint8_t *rdata, uint16_t size, struct text *service,
                 struct text *id);

/* ---- update_derive.c ---- */

/* Decides what is an instance; what is none is left with its names. */
bool update_derive(struct update *u);
/* Collects what is to be done. */
struct update_plan {
    struct registry_change *registrations;
    size_t registration_count;
    struct records_change *records;
    size_t record_count;
};
bool update_plan(struct update *u, struct update_plan *out);

/* ---- update_record.c ---- */

/* Fills i->after from what is there and what the message adds, its ties and what is at its
 * name, and marks those records as taken. False: REFUSED, or memory lacks. */
bool update_record(struct update *u, struct work_instance *i);

#endif
