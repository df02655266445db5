/* For tests of signatures: key rings, and requests that another implementation signed.
 * Include after cmocka. */
#ifndef DISC_TESTS_DNS_SIGNING_H
#define DISC_TESTS_DNS_SIGNING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "dns/tsig.h"
#include "unit/dns/hex.h"

#define NOW_S UINT64_C(1700000000)

enum { ROOM = 2048 };

static uint8_t secret[32]; /* 0, 1, ... 31, once a ring was made */

static struct tsig_keyring *ring_of(const char *name, enum tsig_algorithm algorithm)
{
    char text[64];
    struct dns_key keys[] = {
        {.name = text, .algorithm = algorithm, .secret = secret, .secret_size = sizeof(secret)},
        {.name = (char[]){"other."}, .secret = secret, .secret_size = 16},
        {.name = (char[]){"a.longer.name"}, .secret = secret, .secret_size = 16},
    };
    struct tsig_keyring *ring;
    const char *fault;
    snprintf(text, sizeof(text), "%s", name);
    for (unsigned i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)i;
    assert_int_equal(tsig_keyring_new(keys, ARRAY_COUNT(keys), &ring, &fault), ERR_OK);
    return ring;
}

/* ---- vectors --------------------------------------------------------------------------- */

/* Made with dnspython: "Web.Z. SRV", id 1234, signed by "Test.Key." at NOW_S; then the MACs of
 * two messages of an answer, which are the question with QR and AA, one second later each. */
static const struct {
    enum tsig_algorithm algorithm;
    const char *query, *first, *second;
} vectors[] = {
    {TSIG_SHA1,
     "12340100000100000000000103576562015a00002100010454657374034b65790000fa00ff000000"
     "00002f09686d61632d736861310000006553f100012c00146c8a6c0105d9908eb1afe228d842371f"
     "5ae42d99123400000000",
     "beee56ae501430c8cfc5f81c32f46f68fc5f0cc4", "fa75faefdb3d3581ad114cf561491f4d31bc555d"},
    {TSIG_SHA224,
     "12340100000100000000000103576562015a00002100010454657374034b65790000fa00ff000000"
     "0000390b686d61632d7368613232340000006553f100012c001c1b6b9479e991a6b41dfa38f46977"
     "502689b39000f985cc1045468118123400000000",
     "d5dd403b7e2d0d4c8b6500bd3fc65be6572bd4eb4347d0e27f0af915",
     "7fd3acd1d312d10e9aeb0fbf46e463a880c76568dae78fbdc42eb675"},
    {TSIG_SHA256,
     "12340100000100000000000103576562015a00002100010454657374034b65790000fa00ff000000"
     "00003d0b686d61632d7368613235360000006553f100012c0020108f24e7973407a0bbf265afb8b1"
     "37d000a1cd9aaaa3ba169e730107e1a737d3123400000000",
     "6806bd98f86b0dc2458bd74f012621873ca75175e1eac5e5c7fd057ae7104200",
     "f6507118609aa9fc0d6cfef485c1d5c5bd52ebc73b05c35345e4095085b340f1"},
    {TSIG_SHA384,
     "12340100000100000000000103576562015a00002100010454657374034b65790000fa00ff000000"
     "00004d0b686d61632d7368613338340000006553f100012c0030a0f79d484d3a9268ed89c72cd5e7"
     "92bf170a28b263495b5f321194ef9ad7ad864993c02192e6878a289024b2b7e0ca75123400000000",
     "3bf29964f9e45ac02d4c7950ed55f07833df382235377e953a91179764cef9e845c1ab87f7d16d78"
     "ecff978add483369",
     "698c891aff6de0fb10b412905bb2bb3be7a73db4c364ea19bc565e1ad02844fa26e2f0a176049b9c"
     "80081398da503a8a"},
    {TSIG_SHA512,
     "12340100000100000000000103576562015a00002100010454657374034b65790000fa00ff000000"
     "00005d0b686d61632d7368613531320000006553f100012c00407467319da5b32a7e8a51b4752b83"
     "3095071482e5c47c3a691c7622b692adab180e37ee8b68b9b3d38e879f62f6a34bb24c3d87f14a19"
     "435599e06fe2dee6bcc2123400000000",
     "b7f3a81723435e94af8436c39015ca2e3d6e2917a9f3ae6e0fdcd9f2cc25a596ac1641f5092be767"
     "394cb135f491d2a6c656bafcc1f746ac23fea8fed1e841a3",
     "8fbcbc1d46ece9f944dfcb17e4f7b5401fd6a4bc0903725cdb96b540b1b8c771cde1fb93b2407370"
     "74715e5f14ef0488b7084152f9f9c204b70f2d3104670df2"},
};

/* The position of the TSIG in these: behind the question. */
enum { TSIG_AT = 12 + 7 + 4 };

UNUSED static size_t answer_of(const uint8_t *query, uint8_t *out)
{
    memcpy(out, query, TSIG_AT);
    out[2] |= 0x84;
    put_u16(out + 10, 0);
    return TSIG_AT;
}

#endif
