#include "unit/unit.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/strbuf.h"

#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void assert_digest(struct digest digest, const char *hex)
{
    char text[DIGEST_HEX];

    digest_hex(&digest, text);
    assert_string_equal(text, hex);
}

static void test_digest_of__is_sha256(void **state)
{
    (void)state;
    assert_digest(digest_of("", 0), OF_NOTHING);
    assert_digest(digest_of(NULL, 0), OF_NOTHING);
    assert_digest(digest_of("abc", 3), OF_ABC);
}

static void test_digest_of_two__is_of_both_in_a_row(void **state)
{
    (void)state;
    assert_digest(digest_of_two("a", 1, "bc", 2), OF_ABC);
    assert_digest(digest_of_two("", 0, "abc", 3), OF_ABC);
}

static void test_digest_from_hex__reads_one_spelling(void **state)
{
    struct digest digest = {{0}};
    char hex[] = OF_ABC;

    (void)state;
    assert_true(digest_from_hex(hex, &digest));
    assert_digest(digest, OF_ABC);
    hex[0] = 'B';
    assert_false(digest_from_hex(hex, &digest));
    hex[0] = 'b';
    hex[63] = 'g';
    assert_false(digest_from_hex(hex, &digest));
    hex[63] = '\0';
    assert_false(digest_from_hex(hex, &digest));
    assert_false(digest_from_hex(OF_ABC "0", &digest));
    assert_digest(digest, OF_ABC);
}

static void test_digest_file__reads_all_of_it(void **state)
{
    char path[] = "/tmp/penstock-digest-XXXXXX";
    char *bytes CLEANUP(heap_cleanup) = heap_alloc(200000);
    struct digest digest;
    int64_t size = -1;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    memset(bytes, 'x', 200000);
    assert_int_equal(write(fd, bytes, 200000), 200000);
    close(fd);
    assert_ok(digest_file(path, &digest, &size));
    assert_int_equal(size, 200000);
    assert_memory_equal(digest.bytes, digest_of(bytes, 200000).bytes, DIGEST_BYTES);
    unlink(path);
}

static void test_digest_file__says_why_not(void **state)
{
    struct digest digest;
    int64_t size;

    (void)state;
    assert_fails(digest_file("/nowhere/x", &digest, &size), ERR_NOT_FOUND,
                 "cannot open '/nowhere/x': No such file or directory");
    assert_fails(digest_file("/", &digest, &size), ERR_IO, "cannot read '/': Is a directory");
}

static void test_random_name__is_letters_and_digits(void **state)
{
    char one[33];
    char two[33];

    (void)state;
    random_name(one, 32);
    random_name(two, 32);
    assert_int_equal(strlen(one), 32);
    assert_int_equal(strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789"), 32);
    assert_string_not_equal(one, two);
    random_name(one, 0);
    assert_string_equal(one, "");
}

static void test_base64_add__pads_and_can_be_joined(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    base64_add(&text, "", 0);
    assert_string_equal(strbuf_view(&text), "");
    base64_add(&text, "\xff\xfe\x00", 3);
    base64_add(&text, "abcd", 4);
    assert_string_equal(strbuf_view(&text), "//4AYWJjZA==");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_of__is_sha256),
        cmocka_unit_test(test_digest_of_two__is_of_both_in_a_row),
        cmocka_unit_test(test_digest_from_hex__reads_one_spelling),
        cmocka_unit_test(test_digest_file__reads_all_of_it),
        cmocka_unit_test(test_digest_file__says_why_not),
        cmocka_unit_test(test_random_name__is_letters_and_digits),
        cmocka_unit_test(test_base64_add__pads_and_can_be_joined),
    };

    return RUN_TESTS(tests);
}
