#include "server/state_file.h"

#include "unit/server/common.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY_ELSE ((uid_t)-1), ((gid_t)-1)

static const char *path_in(const char *folder, const char *name)
{
    static char path[256];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_in_range(n, 1, sizeof path - 1);
    return path;
}

static const char *data_of(void **state)
{
    static char dir[256];
    int n = snprintf(dir, sizeof dir, "%s/data", (char *)*state);
    assert_in_range(n, 1, sizeof dir - 1);
    return dir;
}

static struct state_values open_and_raise(const char *dir, uint32_t ceiling)
{
    struct state_file *file;
    struct state_values values;
    assert_int_equal(state_file_open(dir, NOBODY_ELSE, &file, &values), ERR_OK);
    if (ceiling)
        assert_int_equal(state_file_raise(file, ceiling), ERR_OK);
    state_file_close(file);
    return values;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static enum err open_with(const char *dir, const char *content)
{
    struct state_file *file;
    struct state_values values;
    write_file(path_in(dir, "state"), content);
    enum err err = state_file_open(dir, NOBODY_ELSE, &file, &values);
    if (!err)
        state_file_close(file);
    return err;
}

static void counts_starts_and_keeps_the_ceiling(void **state)
{
    const char *dir = data_of(state);
    struct state_values first = open_and_raise(dir, 4000000000u);
    assert_int_equal(first.boots, 1);
    assert_int_equal(first.serial_ceiling, 0);
    struct state_values second = open_and_raise(dir, 0);
    assert_int_equal(second.boots, 2);
    assert_int_equal(second.serial_ceiling, 4000000000u);
    struct state_values third = open_and_raise(dir, 7);
    assert_int_equal(third.boots, 3);
    assert_int_equal(third.serial_ceiling, 4000000000u);
    assert_int_equal(open_and_raise(dir, 0).serial_ceiling, 7);
}

static void only_the_owner_may_look(void **state)
{
    const char *dir = data_of(state);
    struct stat s;
    open_and_raise(dir, 1);
    assert_int_equal(stat(dir, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
    assert_int_equal(stat(path_in(dir, "state"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void a_held_folder_is_busy(void **state)
{
    const char *dir = data_of(state);
    struct state_file *file, *other;
    struct state_values values;
    assert_int_equal(state_file_open(dir, NOBODY_ELSE, &file, &values), ERR_OK);
    assert_int_equal(state_file_open(dir, NOBODY_ELSE, &other, &values), ERR_BUSY);
    assert_int_equal(state_file_raise(file, 9), ERR_OK);
    state_file_close(file);
    /* The one that was turned away counted no start. */
    assert_int_equal(state_file_open(dir, NOBODY_ELSE, &other, &values), ERR_OK);
    assert_int_equal(values.boots, 2);
    assert_int_equal(values.serial_ceiling, 9);
    state_file_close(other);
}

static void a_foreign_file_is_refused_and_kept(void **state)
{
    static const char *const foreign[] = {
        "",
        "\n",
        "discd state 2\nboots 1\n",
        "discd state 1\nboots x\n",
        "discd state 1\nboots 4294967296\n",
        "discd state 1\nboots -1\n",
        "discd state 1\ncolour 1\n",
        "discd state 1\nboots\n",
    };
    const char *dir = *state;
    for (size_t i = 0; i < ARRAY_COUNT(foreign); i++) {
        char kept[64] = "";
        assert_int_equal(open_with(dir, foreign[i]), ERR_SYNTAX);
        FILE *f = fopen(path_in(dir, "state"), "r");
        assert_non_null(f);
        size_t n = fread(kept, 1, sizeof kept - 1, f);
        fclose(f);
        assert_int_equal(n, strlen(foreign[i]));
        assert_string_equal(kept, foreign[i]);
    }
}

static void what_a_crash_leaves_does_no_harm(void **state)
{
    const char *dir = *state;
    write_file(path_in(dir, "state.new"), "discd sta");
    assert_int_equal(open_with(dir, "discd state 1\nboots 41\nserial_ceiling 300\n"), ERR_OK);
    struct state_values values = open_and_raise(dir, 0);
    assert_int_equal(values.boots, 43);
    assert_int_equal(values.serial_ceiling, 300);
}

static void folders_that_cannot_be(void **state)
{
    struct state_file *file;
    struct state_values values;
    write_file(path_in(*state, "plain"), "x");
    assert_int_equal(state_file_open(path_in(*state, "plain"), NOBODY_ELSE, &file, &values),
                     ERR_SYSTEM);
    assert_int_equal(state_file_open(path_in(*state, "a/b"), NOBODY_ELSE, &file, &values),
                     ERR_SYSTEM);
}

static void a_ceiling_that_cannot_be_stored_is_not_raised(void **state)
{
    const char *dir = data_of(state);
    struct state_file *file;
    struct state_values values;
    assert_int_equal(state_file_open(dir, NOBODY_ELSE, &file, &values), ERR_OK);
    assert_int_equal(state_file_raise(file, 5), ERR_OK);
    /* A folder in the place of the file to be written. */
    assert_int_equal(mkdir(path_in(dir, "state.new"), 0700), 0);
    assert_int_equal(state_file_raise(file, 6), ERR_SYSTEM);
    assert_int_equal(rmdir(path_in(dir, "state.new")), 0);
    state_file_close(file);
    assert_int_equal(open_and_raise(dir, 0).serial_ceiling, 5);
}

static void without_a_folder_nothing_is_stored(void **state UNUSED)
{
    struct state_file *file, *other;
    struct state_values values;
    assert_int_equal(state_file_open("", NOBODY_ELSE, &file, &values), ERR_OK);
    assert_int_equal(values.serial_ceiling, 0);
    assert_int_equal(state_file_raise(file, 5), ERR_OK);
    assert_int_equal(state_file_open("", NOBODY_ELSE, &other, &values), ERR_OK);
    assert_int_equal(values.serial_ceiling, 0);
    state_file_close(other);
    state_file_close(file);
    state_file_close(NULL);
}

static void root_hands_over_what_it_makes(void **state)
{
    static const char *const files[] = {".", "state", "lock"};
    const char *dir = data_of(state);
    struct state_file *file;
    struct state_values values;
    struct stat s;
    if (geteuid() != 0)
        skip();
    assert_int_equal(state_file_open(dir, 65534, 65533, &file, &values), ERR_OK);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        assert_int_equal(stat(path_in(dir, files[i]), &s), 0);
        assert_int_equal(s.st_uid, 65534);
        assert_int_equal(s.st_gid, 65533);
    }
    state_file_close(file);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(counts_starts_and_keeps_the_ceiling),
        IN_FOLDER(only_the_owner_may_look),
        IN_FOLDER(a_held_folder_is_busy),
        IN_FOLDER(a_foreign_file_is_refused_and_kept),
        IN_FOLDER(what_a_crash_leaves_does_no_harm),
        IN_FOLDER(folders_that_cannot_be),
        IN_FOLDER(a_ceiling_that_cannot_be_stored_is_not_raised),
        cmocka_unit_test(without_a_folder_nothing_is_stored),
        IN_FOLDER(root_hands_over_what_it_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
