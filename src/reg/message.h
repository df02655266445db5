/* disc/1: the text of a datagram.
 *
 * Part one is the specification of the protocol, for someone who writes a client.
 * Part two (the declarations) cuts a datagram into pieces and decodes and encodes
 * values; what the pieces mean is decided elsewhere. Pure functions over bytes.
 *
 * ============================================================ 1. THE PROTOCOL ====
 *
 * One UDP datagram is one message, at most 1232 bytes in both directions. It is
 * printable ASCII: a header line, and for some verbs further lines ("items").
 *
 *   message = header *( LF item ) [ LF ]
 *   header  = "disc/1" 1*SP verb *( 1*SP param ) *SP
 *   verb    = 1 to 8 of a-z
 *   param   = [ "?" ] key "=" value
 *   key     = a-z, then up to 31 of a-z 0-9 . _ -   (behind "m." up to 32)
 *   value   = any number of 0x21-0x7E; "%" only as "%" HEX HEX
 *   item    = 1 or more of 0x20-0x7E
 *
 * A CR directly before an LF is dropped. Every other byte outside 0x20-0x7E makes
 * the server drop the datagram without a word. End requests with LF: an answer to
 * an unvalidated sender may have no more than three times the request's bytes.
 * Percent-encoding carries UTF-8; encoded NUL, CR and LF are refused. A repeated
 * key, or one that the verb does not know, is an error; only a parameter marked "?" is
 * ignored where it is unknown. Parameters come in any order, but mac= is last. Receivers
 * of replies ignore keys they do not know.
 *
 * ---- Requests ----
 *
 *   hello   what does the server speak, and a cookie
 *   reg     register an instance, or replace and renew it (idempotent)
 *   ren     renew: one instance, a batch (items), or a lease group (grp=)
 *   upd     change some fields of a registered instance; no renewal
 *   del     deregister: one instance, a batch (items), or a group (grp=)
 *   get     read one record, or list a group (grp=, after=)
 *   sub     subscribe to a service: its instances now, and every change
 *   ack     "this push arrived" (no reply)
 *   uns     unsubscribe
 *
 * A loop that only sends `reg` is a complete client.
 *
 * ---- Parameters (in: the verbs that take them; * = all) ----
 *
 *   id      *        1-16 of A-Za-z0-9_-   echoed in the reply. Programs send 64 random
 *                    bits and ignore replies with another id
 *   cid     *        1-22 of the same      sender process, random at its start
 *   n       *        0 to 2^64-1           fresh number per (key, cid): a counter or a time
 *   ck      *        22 base64url          the cookie the server gave
 *   key     *        1-32 of a-z0-9._-     key id (keyed mode)
 *   mac     *, last  32 lower-case hex     see keyed mode
 *   ns      all but hello, ack, uns   label <= 32   namespace; "default"
 *   svc     as ns           1-4 labels, <= 127   service; required. a-z 0-9 - _ and
 *                    dots between labels; a label does not begin with "_". Lower-cased
 *   inst    reg ren upd del get   label <= 63   instance id; see below. Lower-cased
 *   addr    reg      1-8, commas           IPv4, or IPv6 with or without []; see below
 *   port    reg      "-", or 1-8, commas   [name:]1-65535[/tcp|/udp|/sctp]; required.
 *                    Names: 1-15 of a-z0-9-. The first is the default port; "-" = none
 *   w       reg upd  0-65535               weight; 100
 *   prio    reg upd  0-32767               priority; 0
 *   st      reg upd  up starting draining down   status; up
 *   lease   reg hello   seconds, or static   wish, brought into the server's range; 30.
 *                    static (never expires) needs a key that may
 *           sub      seconds               wish, brought into 10-300; 60
 *   zone region cluster   reg upd   label <= 32   locality and selector
 *   ver     reg upd  <= 32 printable       version
 *   tags    reg upd  <= 16 labels, commas  selectors
 *   ttl     reg upd  0-300 seconds         wish for the DNS TTL
 *   rev     reg upd del   u64              last writer wins; without it the server assigns
 *   m.K     reg upd  value <= 200 bytes    metadata: <= 16 pairs, <= 1024 bytes together
 *   grp     reg ren del get   1-63         lease group
 *   cnt,sum ren grp  decimal, 16 hex       what the sender thinks the group is
 *   after   get grp  ns/svc/inst           list from behind this one
 *   tok     sub ack uns   16-22 as cid     token of one subscription, random; see below
 *   from    sub      0 to 2^64-1           the seq that the sender has; 0 = nothing
 *   sub     ack uns  0 to 2^32-1           the subscription's number
 *   seq     ack      0 to 2^64-1           of the push that arrived
 *   frag    ack      1-64                  which of its datagrams; 1
 *
 * Address: without addr=, or for 0.0.0.0 and [::], the datagram's source is registered
 * (from loopback: the host's own address). An unspecified address of the other family
 * than the source is 422 family, unless another address stands beside it. An address
 * that is not the sender's needs a key that may advertise it, or a loopback sender.
 *
 * Instance id, when absent: the first address and first port, "10-0-0-7-8080". IPv6: "h"
 * and 12 hex digits, the first 6 bytes of SHA-256(16 address bytes, 2 port bytes, both
 * big-endian). The port is left out where there is none. In ren, upd, del and get,
 * port= (and addr=) may stand in place of inst=, to name the instance in the same way.
 *
 * `upd` changes what it names and keeps the rest; `m.K=` (empty) removes K.
 *
 * Revisions: a larger rev wins; an equal one with equal content is a repetition (ok); a
 * smaller one is 409 stale with the stored rev. A retry is sent with the same id and rev.
 *
 * ---- Replies (never answer one) ----
 *
 *   disc/1 ok   [id=] [n=] ep= ...   done
 *   disc/1 err  [id=] [n=] [ep=] c=CODE why=WORD ...   refused
 *   disc/1 chal [id=] ck=COOKIE      repeat the request with the last token appended
 *   disc/1 push sub= tok= ep= ...    not a reply: what a subscriber is told, see below
 *
 *   ep    8 hex, another one after each start of the server
 *   hello v=1 max=1232 lease=MIN-DEFAULT-MAX seen=ADDR:PORT f=FEATURE,... ck=
 *   reg   inst= addr= lease= ren= rev= dur= [ck=]      as registered
 *   ren   ren= (batch: cnt= [gone=] [bad=] [ren=] [wait=])
 *   upd   rev= dur=
 *   del   dur= (batch: cnt= [gone=] [bad=] dur=; group: cnt= dur=)
 *   get   the parameters of a reg that would give this record, lease= rev=, and
 *         now=STATUS where an operator overrides st=. Group: cnt= sum= [more=1] and
 *         items "ns/svc/inst rev"; with more=1 ask again with after=<last name>
 *   sub   sub= seq= lease= ren= full= [frag=]
 *   uns   nothing more
 *
 *   ren   ms until the next renewal should be sent, retries after 0.5, 1, 2 s; not there
 *         with lease=static
 *   dur   disk (kept through a crash) or mem
 *   wait  ms to wait first, so that many clients do not come at once
 *   ck    a fresher cookie, to be used from now on
 *
 *   c=   why=                        meaning -> what the client does
 *   400  syntax verb key dup         malformed, f= names the key -> a bug: stop
 *   401  auth                        unknown key, bad MAC, key expired; unsigned -> log,
 *                                    again after 60 s
 *   403  acl owner addr              not allowed; somebody else's; address not permitted
 *                                    -> log, again after 60 s
 *   404  gone                        unknown or expired -> reg after random 0..wait ms
 *   409  stale (rev=)                newer one stored -> rev+1 if you are the newer
 *        resync (cnt= sum= ren=)     the group's set differs; it was renewed -> send it all
 *        name                        the name is taken by a static or other name -> stop
 *   413  big (max= or f=, both for a batch of too many items: f=items)
 *                                    datagram, value or batch too large -> shorten
 *        usetcp                      the answer is too large -> use HTTP
 *   422  value port0 loopback family field f= is invalid -> a bug: stop
 *   425  replay                      n was seen or is too old -> new n, once
 *   429  slow (wait=)                too many datagrams -> wait
 *   503  busy (wait=)                overload -> the same again after wait ms
 *        disk (wait=)                applied but not stored -> the same again after wait ms
 *        readonly (wait=)            nothing was changed -> the same again after wait ms
 *   505  version (max=)              speak that version
 *   507  full                        quota reached (sub: too many subscriptions) -> log,
 *                                    again after 60 s
 *
 * ---- What is stored ----
 *
 * Where dur=disk, the reply to reg, upd and del leaves when all that it acknowledges is
 * on disk, however slow that is: retries of the same request are harmless and wait for
 * the same. Renewals are never stored; after a restart every instance that was stored has
 * one full lease again.
 *   disk      the change is in force (DNS shows it) and the server goes on trying to store
 *             it, but if the server died now it would be as if never asked: repeat the
 *             request, with the same rev where it had one. A repeated del may get 404
 *             gone: then it is done, and stored.
 *   readonly  the server can store nothing now and takes nothing new: this reg or upd is
 *             not in force. What is registered stays: go on renewing it. Renewals, del
 *             and upd that take something out of service (st=draining, a smaller w) work;
 *             the last two are answered 503 disk.
 *
 * ---- Cookie ----
 *
 * The server's configuration says for each source network: deny (silence), open,
 * cookie, or key. A `cookie` or `key` source proves that it receives what is sent to its
 * address: a request without a valid cookie (none, too old, another server's, all the
 * same) gets `chal`, and is repeated with " ck=..." appended (before mac=). A cookie
 * holds for the sender's address with any port, for one hour and until the server
 * restarts. It is opaque to clients. Unvalidated senders get at most min(96, 3 x
 * request) bytes, and 10 replies a second per /24 (IPv4) or /56 (IPv6); 1000 for some
 * minutes after a restart, when all cookies are new.
 *
 * ---- Keyed mode ----
 *
 * A `key` source needs cookie and key; others may use one. A keyed request has key=,
 * cid=, n= (and ck= where the source needs it), and ends with the MAC:
 *
 *   mac = first 16 bytes of HMAC-SHA-256(secret, every byte before the separator in
 *         front of "mac="), as 32 lower-case hex digits
 *
 * The separator is one SP on a one-line message and one LF behind items; after the MAC
 * at most a line end. n must be new for (key, cid): larger than all before, or unused
 * and less than 64 below the largest. Replies other than 401 and chal echo n
 * and carry a MAC made in the same way with the same secret: ignore those that do not.
 *
 * ---- Batches ----
 *
 * ren and del take up to 256 items: "inst", "svc/inst" or "ns/svc/inst", what is left
 * out coming from svc= and ns= of the header. The reply counts in cnt= what was done, and
 * names the others by their index from 0: gone=0,3,7-12 is unknown to the server,
 * bad= malformed or not this sender's to change.
 *
 * ---- Lease groups ----
 *
 * reg ... grp=G ties an instance to the lease of group G of this owner (key, else
 * source address); one `ren grp=G cnt= sum=` renews every member. sum is the XOR over
 * the members of the first 8 bytes (big-endian) of SHA-256("ns/svc/inst@rev"), 16 hex
 * digits. 409 resync: renewed, but the server's set is another one.
 *
 * ---- Subscriptions ----
 *
 * `sub` makes one address and port be told of one service: first all its instances, then
 * what changes, each as it is now. It needs cid=, tok= and a cookie, from `open` sources too
 * (ask with `hello`, or wait for the chal). tok is a fresh random token of the subscriber, at
 * least 64 bits, another one for each service; (address, cid, tok) names the subscription:
 * `sub` with the same three is a refresh, with another service it is 422 f=svc. A
 * subscription belongs to the key that asked for it or to none (others: 403 owner). A key
 * needs the grant `sub`; services that only keys may change can be read by all.
 *
 *   > disc/1 sub id=d1 cid=9f2c tok=7d1f0c9be3a45526 ck=... [ns=] svc=web [from=] [lease=]
 *   < disc/1 ok id=d1 ep=2b6296d4 sub=31 seq=1795245098534102 lease=60 ren=18000 full=1 frag=2
 *
 *   seq    the service's change index, the number of its state; it only grows, over restarts
 *          too. In the reply: the state that will have been reached
 *   lease  10-300 seconds, 60. The subscription ends with it; refresh after `ren` ms, with
 *          from= the seq that was reached. Pushes go to the port of the last `sub`
 *   full   1: the whole state follows, in `frag` datagrams (not said: that is not known yet).
 *          0: nothing follows (from= is the newest state), or what changed since from= (or,
 *          when that cannot be said, the whole state: see the push)
 *
 * Errors: 413 usetcp (the whole state is larger than 64 datagrams), 503 busy, 507 full. The
 * service need not be known. What the subscriber has is kept through errors and silence.
 *
 *   < disc/1 push sub=31 tok=7d1f... ep=2b6296d4 seq=102 full=1 frag=1/2 n=17 [guard=1]
 *     [why=] LF items                                              (one header line)
 *   < disc/1 push sub=31 tok=7d1f... ep=2b6296d4 seq=104 prev=102 [frag=] n=2 [guard=1] LF items
 *   > disc/1 ack sub=31 tok=7d1f... seq=102 [frag=2]
 *
 * A push is one or more datagrams with the same seq: `frag=K/N` is the K-th of N (not there:
 * the only one), n the number of items in this datagram. full=1: the items of all N are the
 * whole state. prev=P: they are all that is different from the state P.
 *   guard  1 while (as of this push) the server keeps instances of it that it no longer hears
 *          of, or doubts its own network: rather keep a list than empty it
 *   why    of an empty whole state: known (the service is known, nobody is registered) or
 *          unknown (never heard of, or forgotten)
 *
 *   "=ID FIELDS"        an instance of the whole state
 *   "+ID FIELDS"        new or changed; the whole instance
 *   "-ID why=WORD"      gone: deregistered, expired or evicted
 *
 * FIELDS are separated by one space, in this order; only the first five are always there.
 * Values are percent-encoded as elsewhere; within t=, a comma separates.
 *   a=ADDR,...          IPv6 without brackets
 *   p=PORT,...          as port= above, "-" for none: [name:]number[/udp|/sctp]
 *   w=WEIGHT q=PRIORITY s=up|starting|draining|down     in force: with overrides
 *   x=1                 stale: expired, and kept. Last choice
 *   z=ZONE r=REGION c=CLUSTER v=VERSION t=TAG,...  m.KEY=VALUE ...
 *   cut=1               metadata (and, if that is not enough, tags) was left out
 * Unknown fields are ignored. Only up and not stale is for ordinary use.
 *
 * What the subscriber does with a push (to the port it subscribed from) whose tok is that of
 * a subscription (and, in keyed mode, whose MAC is right; all else is ignored). `have` is the
 * seq of its list, 0 for none; the push may overtake the `ok`, and says its sub= too:
 *   seq <= have                 acknowledge (the ack was lost), change nothing
 *   prev > have                 something is missing: `sub` with from=have, no ack
 *   else (full, or prev <= have < seq)   acknowledge this datagram and keep it; when all N of
 *                               this (seq, full or prev) are there, apply them at once and
 *                               together: full replaces the list, items of a delta replace,
 *                               add and remove by ID; have = seq. A datagram of another push
 *                               with a higher seq than the one under way, or the same seq but
 *                               full in place of prev or another prev, takes its place (what
 *                               was kept is dropped); with a lower seq it is ignored
 * An `ok` with another ep than the last one (the server was restarted): have = 0 (the list
 * stays until it is replaced), what was kept of a push is dropped; if it says full=0, `sub`
 * again with from=0. A push whose ep is not that of the last `ok` is ignored.
 * A list that goes empty with guard=1 is better not believed yet: go on using the last one.
 *
 * The first change is pushed at once, further ones of that service after 100 ms at the
 * earliest, together. Up to 4 datagrams are under way without an ack, of one push; each ack
 * lets the next go. Without any ack they are sent again after 0.5, 1, 2 and 4 s; 4 s later
 * the server falls silent until the next `sub`. What is sent again, and of which nothing was
 * acknowledged, may be newer: with a higher seq.
 *
 * ack and uns need no cookie, key or MAC: address, sub and tok show who sends them. An ack
 * has no reply, but 404 gone (unsigned) where the subscription is not known: it ended, or the
 * server was restarted: `sub` again at once, once. uns is answered ok (gone: done, too).
 * uns, and acks that say nothing new, count among the sender's datagrams (429 slow).
 * In keyed mode `sub` is signed; its reply, the pushes and the reply to uns are signed with
 * the same secret. Pushes have no n.
 *
 * ---- Examples ----
 *
 *   > disc/1 reg svc=web port=8080
 *   < disc/1 ok ep=2b6296d4 inst=10-0-0-7-8080 addr=10.0.0.7 lease=30 ren=9000
 *     rev=1795245098534 dur=disk                                   (one line)
 *   > disc/1 reg svc=web port=8080                                 (a cookie source)
 *   < disc/1 chal ck=AQAAAAAACt1xEL0LyiAETQ
 *   > disc/1 reg svc=web port=8080 ck=AQAAAAAACt1xEL0LyiAETQ
 *   > disc/1 ren id=b8 cid=9f2c n=18 ck=AQ... key=node grp=node7 cnt=312
 *     sum=5fd1c02b9e7a4410 mac=1dd6...                             (one line)
 *   < disc/1 ok id=b8 n=18 ep=2b6296d4 ren=18000 mac=77a0...
 *   > disc/1 ren id=b9 svc=web LF web-1 LF web-2 LF api/api-1
 *   < disc/1 ok id=b9 ep=2b6296d4 cnt=2 gone=1 ren=9000 wait=1840
 *
 * ======================================================== 2. THE DECLARATIONS ==== */
#ifndef DISC_REG_MESSAGE_H
#define DISC_REG_MESSAGE_H

#include <stdbool.h>

#include "base/text.h"
#include "reg/reg.h"

enum {
    MESSAGE_KEY_MAX = 34,  /* "m." and METADATA_KEY_MAX */
    MESSAGE_MAC_SIZE = 32, /* hex digits */
    MESSAGE_COOKIE_SIZE = 22,
    MESSAGE_ID_MAX = 16,
    MESSAGE_CID_MAX = 22,
    MESSAGE_WORDS_MAX = REG_RECEIVE_SIZE / 2, /* each takes a byte and a space */
};

/* What stands between two spaces of the header line. */
struct message_word {
    uint16_t at, size; /* in message.params */
};

/* All slices point into the datagram. */
struct message {
    struct text version;
    struct text verb;
    struct text params;  /* the header line behind the verb */
    struct text items;   /* the lines behind the header; empty when there are none */
    struct text covered; /* what the MAC covers; everything when there is none */
    struct text mac;     /* hex digits; empty when there is none */
    bool has_items;
    unsigned word_count; /* of the parameters, good and bad */
    struct message_word words[MESSAGE_WORDS_MAX];
};

/* False: no message of any disc/N, or a reply: silence is the answer. Looks at bytes
 * and places only; no parameter is interpreted. `size` is REG_RECEIVE_SIZE at most. */
bool message_read(const uint8_t *bytes, size_t size, struct message *out);

/* ERR_NOT_FOUND: no request verb of disc/1. */
MUST_CHECK enum err message_verb(struct text verb, enum reg_verb *out);

/* The raw value of the first parameter of this name; empty when there is none. For
 * what must be known before the sender is trusted. */
struct text message_peek(const struct message *m, struct text key);

struct param {
    struct text key, value; /* value: not decoded */
    bool optional;          /* it was marked "?" */
};

/* The n-th parameter of a message, n < word_count. ERR_SYNTAX (the key is then empty, or what
 * was readable of it). */
MUST_CHECK enum err message_param_at(const struct message *m, unsigned n, struct param *out);

/* Takes the next parameter off `rest`: ERR_NOT_FOUND at the end, ERR_SYNTAX as above. */
MUST_CHECK enum err message_param(struct text *rest, struct param *out);

/* Takes the next line off `rest`; false at the end. */
bool message_item(struct text *rest, struct text *out);

/* Percent-decodes into `out` (room for value.n bytes). ERR_SYNTAX: broken escape, or
 * an encoded NUL, CR or LF (they would reach logs and TXT); ERR_VALUE: not UTF-8. */
MUST_CHECK enum err message_decode(struct text value, char *out, size_t *size);

/* Percent-encodes; returns the length, which may be larger than `size` (then `out`
 * holds nothing of use). Never more than three times the input. */
size_t message_encode(struct text value, char *out, size_t size);

/* 1 to `max` of A-Za-z0-9_- */
bool message_is_token(struct text t, size_t max);

#endif
