/* Signatures and other implementations: vectors of dnspython, and ldns as a second opinion
 * on what we sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "dns/query.h"
#include "unit/dns/signing.h"

/* Where the MAC stands in a record that ends at `size` without other data. */
static const uint8_t *mac_at(const uint8_t *bytes, size_t size, size_t mac_size)
{
    return bytes + size - 6 - mac_size;
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        struct tsig_keyring *ring = ring_of("tEST.key", vectors[i].algorithm);
        uint8_t query[ROOM], out[ROOM], mac[TSIG_MAC_MAX];
        struct tsig t;
        size_t size = hex(vectors[i].query, query, sizeof(query));
        assert_true(tsig_check(ring, query, size, TSIG_AT, NOW_S, &t));
        assert_int_equal(t.error, TSIG_NOERROR);
        assert_ptr_equal(t.key, tsig_keyring_find(ring, TEXT("Test.Key.")));
        assert_true(text_is(tsig_key_name(t.key), TEXT("test.key")));
        const char *macs[] = {vectors[i].first, vectors[i].second};
        for (unsigned n = 0; n < 2; n++) {
            size_t mac_size = hex(macs[n], mac, sizeof(mac));
            size_t before = answer_of(query, out), room = tsig_size(&t);
            size_t signed_size = tsig_sign(&t, NOW_S + 1 + n, out, before);
            assert_int_equal(signed_size, before + room);
            assert_int_equal(get_u16(out + 10), 1);
            assert_memory_equal(mac_at(out, signed_size, mac_size), mac, mac_size);
        }
        tsig_end(&t);
        tsig_keyring_free(ring);
    }
}

/* ---- ldns ------------------------------------------------------------------------------ */

/* ldns takes what we sign, a request and the answers to it, and we what it signs. It knows
 * neither SHA-224 nor SHA-384. */
static void test_ldns(void **state)
{
    static const struct {
        enum tsig_algorithm algorithm;
        const char *name;
    } both[] = {
        {TSIG_SHA1, "hmac-sha1."}, {TSIG_SHA256, "hmac-sha256."}, {TSIG_SHA512, "hmac-sha512."}};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(both); i++) {
        struct tsig_keyring *ring = ring_of("test.key", both[i].algorithm);
        static const char key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        uint8_t out[ROOM], *wire;
        size_t wire_size;
        struct tsig t;
        struct query q;
        ldns_pkt *packet;
        tsig_begin(tsig_keyring_find(ring, TEXT("test.key")), &t);
        for (unsigned size = 0; size < ROOM; size++)
            out[size] = 0;
        size_t plain = hex("1234 0100 0001 0000 0000 0000 03576562 015a 00 0021 0001", out, ROOM);
        size_t size = tsig_sign(&t, NOW_S, out, plain);
        tsig_end(&t);
        assert_int_equal(ldns_wire2pkt(&packet, out, size), LDNS_STATUS_OK);
        assert_true(ldns_pkt_tsig_verify(packet, out, size, "test.key.", key, NULL));
        ldns_pkt_free(packet);

        packet = ldns_pkt_query_new(ldns_dname_new_frm_str("web.z."), LDNS_RR_TYPE_SRV,
                                    LDNS_RR_CLASS_IN, LDNS_RD);
        ldns_pkt_set_id(packet, 77);
        assert_int_equal(ldns_pkt_tsig_sign(packet, "test.key.", key, 300, both[i].name, NULL),
                         LDNS_STATUS_OK);
        assert_int_equal(ldns_pkt2wire(&wire, packet, &wire_size), LDNS_STATUS_OK);
        assert_int_equal(query_parse(wire, wire_size, &q), QUERY_GOOD);
        assert_int_not_equal(q.tsig_at, 0);
        assert_true(tsig_check(ring, wire, wire_size, q.tsig_at, UINT64_MAX / 2, &t));
        assert_int_equal(t.error, TSIG_BADTIME); /* it reads a clock; its MAC is right */
        uint64_t signed_at = t.time_signed;
        tsig_end(&t);
        assert_true(tsig_check(ring, wire, wire_size, q.tsig_at, signed_at, &t));
        assert_int_equal(t.error, TSIG_NOERROR);

        /* Two messages in answer, the second with the timers only. */
        ldns_rdf *mac = ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(packet), 3));
        for (unsigned n = 0; n < 2; n++) {
            memcpy(out, wire, q.tsig_at);
            out[2] |= 0x84;
            put_u16(out + 10, 0);
            size = tsig_sign(&t, signed_at + n, out, q.tsig_at);
            ldns_pkt *answer;
            assert_int_equal(ldns_wire2pkt(&answer, out, size), LDNS_STATUS_OK);
            assert_true(ldns_pkt_tsig_verify_next(answer, out, size, "test.key.", key, mac, n));
            ldns_rdf_deep_free(mac);
            mac = ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(answer), 3));
            ldns_pkt_free(answer);
        }
        ldns_rdf_deep_free(mac);
        tsig_end(&t);
        free(wire);
        ldns_pkt_free(packet);
        tsig_keyring_free(ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_ldns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
