#include "unit/unit.h"

#include "base/memory.h"

static void test_arena__memory_is_zeroed_and_aligned(void **state)
{
    struct arena *arena = *state;

    for (size_t size = 0; size < 5000; size += 7) {
        unsigned char *memory = arena_alloc(arena, size);

        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xaa, size);
    }
}

static void test_arena__large_pieces_and_small_ones_live_together(void **state)
{
    struct arena *arena = *state;
    char *small = arena_text(arena, "small");
    char *large = arena_alloc(arena, (size_t)3 * 1024 * 1024);
    char *after = arena_text(arena, "after");

    memset(large, 'x', (size_t)3 * 1024 * 1024);
    assert_string_equal(small, "small");
    assert_string_equal(after, "after");
}

static void test_arena__a_large_first_piece(void **state)
{
    struct arena *arena = *state;
    char *large = arena_alloc(arena, 1000000);

    memset(large, 'x', 1000000);
    assert_string_equal(arena_text(arena, "after"), "after");
}

static void test_arena_text__copies(void **state)
{
    struct arena *arena = *state;
    char text[] = "stage";
    char *copy = arena_text(arena, text);

    text[0] = 'X';
    assert_string_equal(copy, "stage");
    assert_null(arena_text(arena, NULL));
    assert_string_equal(arena_text_n(arena, "stages", 5), "stage");
    assert_string_equal(arena_text_n(arena, NULL, 0), "");
}

static void test_arena_printf(void **state)
{
    assert_string_equal(arena_printf(*state, "%s:%d", "x", 12), "x:12");
    assert_string_equal(arena_printf(*state, "%s", ""), "");
}

struct list {
    int *items;
    size_t count;
    size_t capacity;
};

static void test_arena_push__grows_an_array(void **state)
{
    struct list list = {0};

    for (int i = 0; i < 100; i++) {
        int *item = ARENA_PUSH(*state, list.items, list.count, list.capacity);

        assert_int_equal(*item, 0);
        *item = i;
    }
    assert_int_equal(list.count, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(list.items[i], i);
}

static void test_arena_new__a_typed_piece(void **state)
{
    struct list *list = ARENA_NEW(*state, struct list);

    assert_null(list->items);
}

static void test_arena_free__takes_null(void **state)
{
    struct arena *arena = NULL;

    (void)state;
    arena_free(NULL);
    arena_cleanup(&arena);
    arena = arena_new();
    arena_cleanup(&arena);
    assert_null(arena);
}

static void note(void *thing)
{
    char **at = thing;

    *(*at)++ = 'x';
}

static void note_last(void *thing)
{
    char **at = thing;

    *(*at)++ = '!';
}

static void test_arena_defer__undoes_the_last_first(void **state)
{
    struct arena *arena = arena_new();
    char seen[4] = "";
    char *at = seen;

    (void)state;
    arena_defer(arena, note_last, &at);
    arena_defer(arena, note, &at);
    arena_defer(arena, note, &at);
    assert_string_equal(seen, "");
    arena_free(arena);
    assert_string_equal(seen, "xx!");
}

static void test_heap__is_zeroed_and_cleaned_up(void **state)
{
    char *memory = heap_alloc(10);
    char *nothing = heap_alloc(0);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(memory[i], 0);
    memory[0] = 'x';
    memory = heap_realloc(memory, 1000);
    assert_int_equal(memory[0], 'x');
    heap_cleanup(&memory);
    assert_null(memory);
    nothing = heap_realloc(nothing, 0);
    assert_non_null(nothing);
    heap_cleanup(&nothing);
}

static void test_heap_text(void **state)
{
    char *text CLEANUP(heap_cleanup) = heap_text("stage");
    char *printed CLEANUP(heap_cleanup) = heap_printf("%d%%", 5);

    (void)state;
    assert_string_equal(text, "stage");
    assert_string_equal(printed, "5%");
    assert_null(heap_text(NULL));
}

/* More than there can be; volatile, so that the compiler does not see it coming. */
static volatile size_t too_much = SIZE_MAX / 2;

static void ask_heap(void *context)
{
    (void)context;
    (void)!heap_alloc(too_much);
}

static void ask_heap_again(void *context)
{
    (void)context;
    (void)!heap_realloc(NULL, too_much);
}

static void ask_arena(void *context)
{
    (void)!arena_alloc(context, too_much);
}

static void ask_arena_past_the_end(void *context)
{
    (void)!arena_alloc(context, SIZE_MAX - 3);
}

static void ask_arena_chunk_past_the_end(void *context)
{
    (void)!arena_alloc(context, SIZE_MAX - 31);
}

static void ask_array(void *context)
{
    (void)!arena_array(context, too_much, 3);
}

static void test_out_of_memory__ends_the_process(void **state)
{
    static void (*const bodies[])(void *) = {
        ask_heap, ask_heap_again, ask_arena, ask_arena_past_the_end, ask_array, ask_arena_chunk_past_the_end};

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct unit_child child = unit_in_child(bodies[i], *state);

        assert_true(WIFEXITED(child.status));
        assert_int_equal(WEXITSTATUS(child.status), 70);
        assert_non_null(strstr(child.output, "penstock: out of memory\n"));
    }
}

static void shrink(void *context)
{
    int items[2] = {1, 2};

    (void)!arena_grow(context, items, 2, 1, sizeof(int));
}

static void test_arena_grow__does_not_shrink(void **state)
{
    struct unit_child child = unit_in_child(shrink, *state);

    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "this is a bug in penstock: 'new_count >= old_count' does not hold"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_arena__memory_is_zeroed_and_aligned),
        TEST_WITH_ARENA(test_arena__large_pieces_and_small_ones_live_together),
        TEST_WITH_ARENA(test_arena__a_large_first_piece),
        TEST_WITH_ARENA(test_arena_text__copies),
        TEST_WITH_ARENA(test_arena_printf),
        TEST_WITH_ARENA(test_arena_push__grows_an_array),
        TEST_WITH_ARENA(test_arena_new__a_typed_piece),
        cmocka_unit_test(test_arena_free__takes_null),
        cmocka_unit_test(test_arena_defer__undoes_the_last_first),
        cmocka_unit_test(test_heap__is_zeroed_and_cleaned_up),
        cmocka_unit_test(test_heap_text),
        TEST_WITH_ARENA(test_out_of_memory__ends_the_process),
        TEST_WITH_ARENA(test_arena_grow__does_not_shrink),
    };

    return RUN_TESTS(tests);
}
