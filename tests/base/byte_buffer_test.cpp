#include "tunnel/base/byte_buffer.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tunnel/base/limits.hpp"

namespace tunnel {
namespace {

TEST(ByteBuffer, StartsEmptyWithoutStorage) {
    const byte_buffer buffer;
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.size(), 0U);
    EXPECT_EQ(buffer.capacity(), 0U);
    EXPECT_EQ(buffer.view(), "");
}

TEST(ByteBuffer, AppendsInOrder) {
    byte_buffer buffer("ab");
    buffer.append("");
    buffer.append("cd");
    buffer.push_back('e');
    EXPECT_EQ(buffer.view(), "abcde");
}

TEST(ByteBuffer, KeepsItsContentWhileItGrows) {
    byte_buffer buffer;
    std::string expected;
    for (int i = 0; i < 300'000; ++i) {
        const char c = static_cast<char>(i % 251);
        buffer.push_back(c);
        expected += c;
    }
    EXPECT_EQ(buffer.view(), expected);
}

TEST(ByteBuffer, GrowthAtLeastDoubles) {
    byte_buffer buffer;
    int grown = 0;
    for (std::size_t i = 0; i < 1'000'000; ++i) {
        const std::size_t before = buffer.capacity();
        buffer.push_back('x');
        if (buffer.capacity() == before) continue;
        EXPECT_GE(buffer.capacity(), 2 * before);
        ++grown;
    }
    EXPECT_LT(grown, 20);
}

TEST(ByteBuffer, PrepareAndCommitWriteInPlace) {
    byte_buffer buffer("ab");
    char* at = buffer.prepare(100);
    EXPECT_GE(buffer.spare(), 100U);
    EXPECT_EQ(buffer.size(), 2U);
    at[0] = 'c';
    buffer.commit(1);
    EXPECT_EQ(buffer.view(), "abc");
    EXPECT_EQ(buffer.prepare(1), buffer.data() + 3);
}

TEST(ByteBuffer, ConsumeMovesTheRestDown) {
    byte_buffer buffer("abcdef");
    buffer.consume(0);
    buffer.consume(2);
    EXPECT_EQ(buffer.view(), "cdef");
    buffer.consume(4);
    EXPECT_TRUE(buffer.empty());
    byte_buffer nothing;
    nothing.consume(0);
    EXPECT_TRUE(nothing.empty());
}

TEST(ByteBuffer, TruncateAndClearKeepStorageResetDoesNot) {
    byte_buffer buffer("abcdef");
    const std::size_t capacity = buffer.capacity();
    buffer.truncate(3);
    EXPECT_EQ(buffer.view(), "abc");
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.capacity(), capacity);
    buffer.reset();
    EXPECT_EQ(buffer.capacity(), 0U);
    buffer.append("again");
    EXPECT_EQ(buffer.view(), "again");
}

TEST(ByteBuffer, MovingLeavesTheSourceEmpty) {
    byte_buffer from("abc");
    byte_buffer to(std::move(from));
    EXPECT_EQ(to.view(), "abc");
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what a moved-from buffer is, is the point here
    byte_buffer other("xyz");
    other = std::move(to);
    EXPECT_EQ(other.view(), "abc");
    EXPECT_EQ(to.capacity(), 0U);  // NOLINT(bugprone-use-after-move)
}

TEST(ByteBuffer, MovingOntoItselfKeepsTheContent) {
    byte_buffer buffer("abc");
    byte_buffer& same = buffer;
    buffer = std::move(same);
    EXPECT_EQ(buffer.view(), "abc");
}

TEST(ByteBuffer, SwapExchangesContents) {
    byte_buffer a("a");
    byte_buffer b("bb");
    a.swap(b);
    EXPECT_EQ(a.view(), "bb");
    EXPECT_EQ(b.view(), "a");
}

TEST(ByteBuffer, ComparesByContent) {
    byte_buffer a("abc");
    byte_buffer b;
    b.prepare(1000);
    b.append("abc");
    EXPECT_EQ(a, b);
    b.push_back('d');
    EXPECT_NE(a, b);
    EXPECT_EQ(byte_buffer(), byte_buffer());
}

TEST(ByteBuffer, RecyclesStorageOfABodySlice) {
    for (const std::size_t n : {limits::shared_body_slice, limits::body_slice}) {
        byte_buffer buffer;
        buffer.prepare(n);
        const char* const storage = buffer.data();
        buffer.reset();
        byte_buffer next;
        next.prepare(n);
        EXPECT_EQ(next.data(), storage);
    }
}

TEST(ByteBuffer, ManyBuffersOfOneSizeComeAndGo) {
    for (int round = 0; round < 3; ++round) {
        std::vector<byte_buffer> buffers(200);
        for (auto& buffer : buffers) {
            buffer.prepare(limits::body_slice);
            buffer.append("mine");
        }
        for (const auto& buffer : buffers) EXPECT_EQ(buffer.view(), "mine");
    }
}

TEST(ByteBuffer, SmallContentDoesNotTakeALargeClass) {
    byte_buffer buffer;
    buffer.append(std::string(1000, 'x'));
    EXPECT_LT(buffer.capacity(), 3000U);
}

TEST(ByteBuffer, FilledOnOneThreadFreedOnAnother) {
    byte_buffer buffer;
    std::thread([&buffer] {
        buffer.prepare(limits::body_slice);
        buffer.append("from there");
    }).join();
    EXPECT_EQ(buffer.view(), "from there");
}

// Made before the thread's recycler and so destroyed after it.
TEST(ByteBuffer, OutlivesTheRecyclerOfItsThread) {
    std::thread([] {
        thread_local std::vector<byte_buffer> late(2);
        late[0].prepare(limits::shared_body_slice);
        late[1].prepare(limits::body_slice);
        late[1].append("still here");
        EXPECT_EQ(late[1].view(), "still here");
    }).join();
}

TEST(ByteBuffer, ThrowsBadAllocWhenTheSizeIsOutOfReach) {
    byte_buffer buffer("kept");
    EXPECT_THROW(buffer.prepare(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
    EXPECT_EQ(buffer.view(), "kept");
}

}  // namespace
}  // namespace tunnel
