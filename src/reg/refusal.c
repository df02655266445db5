#include "reg/refusal.h"

static const struct refusal_form forms[REFUSE_COUNT] = {
    [REFUSE_SYNTAX] = {400, "syntax", REG_OUT_SYNTAX},
    [REFUSE_VERB] = {400, "verb", REG_OUT_SYNTAX},
    [REFUSE_KEY] = {400, "key", REG_OUT_SYNTAX},
    [REFUSE_DUP] = {400, "dup", REG_OUT_SYNTAX},
    [REFUSE_AUTH] = {401, "auth", REG_OUT_AUTH},
    [REFUSE_ACL] = {403, "acl", REG_OUT_ACL},
    [REFUSE_OWNER] = {403, "owner", REG_OUT_OWNER},
    [REFUSE_ADDR] = {403, "addr", REG_OUT_ACL},
    [REFUSE_GONE] = {404, "gone", REG_OUT_GONE},
    [REFUSE_STALE] = {409, "stale", REG_OUT_STALE},
    [REFUSE_RESYNC] = {409, "resync", REG_OUT_RESYNC},
    [REFUSE_NAME] = {409, "name", REG_OUT_NAME},
    [REFUSE_BIG] = {413, "big", REG_OUT_BIG},
    [REFUSE_USETCP] = {413, "usetcp", REG_OUT_BIG},
    [REFUSE_VALUE] = {422, "value", REG_OUT_VALUE},
    [REFUSE_PORT0] = {422, "port0", REG_OUT_VALUE},
    [REFUSE_LOOPBACK] = {422, "loopback", REG_OUT_VALUE},
    [REFUSE_FAMILY] = {422, "family", REG_OUT_VALUE},
    [REFUSE_REPLAY] = {425, "replay", REG_OUT_REPLAY},
    [REFUSE_SLOW] = {429, "slow", REG_OUT_SLOW},
    [REFUSE_BUSY] = {503, "busy", REG_OUT_BUSY},
    [REFUSE_DISK] = {503, "disk", REG_OUT_DISK},
    [REFUSE_READONLY] = {503, "readonly", REG_OUT_READONLY},
    [REFUSE_VERSION] = {505, "version", REG_OUT_VERSION},
    [REFUSE_FULL] = {507, "full", REG_OUT_FULL},
};

static const char *const outcomes[REG_OUT_COUNT] = {
    [REG_OUT_OK] = "ok",
    [REG_OUT_CHALLENGE] = "challenge",
    [REG_OUT_DROP_FORM] = "drop_form",
    [REG_OUT_DROP_SOURCE] = "drop_source",
    [REG_OUT_DROP_UNVALIDATED] = "drop_unvalidated",
    [REG_OUT_VERSION] = "version",
    [REG_OUT_BIG] = "big",
    [REG_OUT_SYNTAX] = "syntax",
    [REG_OUT_AUTH] = "auth",
    [REG_OUT_ACL] = "acl",
    [REG_OUT_OWNER] = "owner",
    [REG_OUT_GONE] = "gone",
    [REG_OUT_STALE] = "stale",
    [REG_OUT_RESYNC] = "resync",
    [REG_OUT_VALUE] = "value",
    [REG_OUT_NAME] = "name",
    [REG_OUT_REPLAY] = "replay",
    [REG_OUT_SLOW] = "slow",
    [REG_OUT_BUSY] = "busy",
    [REG_OUT_DISK] = "disk",
    [REG_OUT_READONLY] = "readonly",
    [REG_OUT_FULL] = "full",
};

const char *reg_outcome_text(enum reg_outcome outcome)
{
    return (unsigned)outcome < REG_OUT_COUNT ? outcomes[outcome] : "?";
}

struct refusal_form refusal_form(enum refusal refusal)
{
    return forms[refusal];
}

enum refusal refusal_of(enum err err)
{
    static const enum refusal refusals[ERR_COUNT] = {
        [ERR_NOT_FOUND] = REFUSE_GONE,    [ERR_EXISTS] = REFUSE_NAME, [ERR_OWNER] = REFUSE_OWNER,
        [ERR_STALE] = REFUSE_STALE,       [ERR_FULL] = REFUSE_FULL,   [ERR_VALUE] = REFUSE_VALUE,
        [ERR_READONLY] = REFUSE_READONLY,
    };
    return refusals[err] ? refusals[err] : REFUSE_BUSY;
}
