#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/attr.h"

static const uint8_t input[] = {0x01, 0x02, 0x83, 0x84, 0x85, 0x86, 0x87};

static void reads_network_order(void **state UNUSED)
{
    struct reader r = reader_of(input, sizeof(input));
    assert_int_equal(read_u8(&r), 0x01);
    assert_int_equal(read_u16(&r), 0x0283);
    assert_int_equal(reader_left(&r), 4);
    assert_int_equal(read_u32(&r), 0x84858687);
    assert_int_equal(reader_left(&r), 0);
    assert_false(r.bad);
    assert_ptr_equal(read_bytes(&r, 0), input + sizeof(input));
    assert_false(r.bad);
}

/* Each row reads 7 bytes at most up to `skip`, then one thing that does not fit. */
static void reading_past_the_end_sticks(void **state UNUSED)
{
    static const struct {
        size_t skip, width;
    } rows[] = {{7, 1}, {6, 2}, {7, 2}, {4, 4}, {5, 4}, {6, 4}, {0, 8}, {1, SIZE_MAX}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct reader r = reader_of(input, sizeof(input));
        assert_non_null(read_bytes(&r, rows[i].skip));
        switch (rows[i].width) {
        case 1: assert_int_equal(read_u8(&r), 0); break;
        case 2: assert_int_equal(read_u16(&r), 0); break;
        case 4: (void)read_u32(&r); break;
        default: assert_null(read_bytes(&r, rows[i].width));
        }
        assert_true(r.bad);
        assert_int_equal(reader_left(&r), 0);
        assert_int_equal(read_u8(&r), 0);
        assert_int_equal(read_u32(&r), 0);
        assert_true(r.bad);
    }
}

static void writes_network_order(void **state UNUSED)
{
    uint8_t out[9];
    struct writer w = writer_of(out, sizeof(out));
    write_u8(&w, 0x01);
    write_u16(&w, 0x0283);
    write_u32(&w, 0x84858687);
    assert_int_equal(writer_used(&w), sizeof(input));
    assert_memory_equal(out, input, sizeof(input));
    assert_int_equal(writer_left(&w), 2);
    write_bytes(&w, NULL, 0);
    write_bytes(&w, "xy", 2);
    assert_false(w.full);
    assert_int_equal(writer_left(&w), 0);
    assert_memory_equal(out + 7, "xy", 2);
}

static void a_full_writer_writes_nothing(void **state UNUSED)
{
    uint8_t out[4] = {9, 9, 9, 9};
    struct writer w = writer_of(out, 3); /* the fourth byte is a fence */
    write_u8(&w, 1);
    write_u32(&w, 0xffffffff);
    assert_true(w.full);
    write_u8(&w, 2); /* would fit, but something is missing before it */
    write_u16(&w, 3);
    write_bytes(&w, "z", 1);
    assert_null(write_space(&w, 1));
    assert_int_equal(writer_used(&w), 1);
    assert_int_equal(writer_left(&w), 0);
    assert_memory_equal(out, "\x01\x09\x09\x09", 4);
}

static void gets_what_it_puts(void **state UNUSED)
{
    uint8_t p[4];
    put_u32(p, 0xfedcba98);
    assert_memory_equal(p, "\xfe\xdc\xba\x98", 4);
    assert_int_equal(get_u32(p), 0xfedcba98);
    put_u16(p, 0xff01);
    assert_int_equal(get_u16(p), 0xff01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_network_order),  cmocka_unit_test(reading_past_the_end_sticks),
        cmocka_unit_test(writes_network_order), cmocka_unit_test(a_full_writer_writes_nothing),
        cmocka_unit_test(gets_what_it_puts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
