#include "http/whole_head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

/// `start line|Name=value;` for each line, those that are read in one piece with a `*`; then the octets read, or `-`
/// where it gave up.
std::string read(std::string_view bytes) {
    const std::string exact{bytes};  // a sanitizer sees every step beyond
    whole_head head(exact);
    const auto start = head.start_line();
    if (start.empty()) return "-";
    std::string all = std::string{start} + '|';
    http::field line;
    http_error error;
    while (head.next(line, error)) {
        if (!head.text().empty()) {
            EXPECT_EQ(head.text(), std::string{line.name} + ": " + std::string{line.value} + "\r\n");
            all += '*';
        }
        all += std::string{line.name} + '=' + std::string{line.value} + ';';
    }
    return error ? all + '-' : all + std::to_string(head.size());
}

TEST(WholeHead, ReadsLinesUpToTheEmptyOne) {
    EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n"), "GET / HTTP/1.1|18");
    EXPECT_EQ(read("a\r\nB: c\r\nD_e: f g\r\n\r\nbody"), "a|*B=c;*D_e=f g;21");
}

TEST(WholeHead, ALineWithMoreThanNameAndValueIsNotOnePiece) {
    EXPECT_EQ(read("a\r\nB:c\r\nD:  e\r\nF: g \r\nH:\ti\r\nJ:\r\nK: \r\n\r\n"), "a|B=c;D=e;F=g;H=i;J=;*K=;39");
}

TEST(WholeHead, GivesUpWhereTheHeadIsNotWhole) {
    const std::string whole = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: y\r\n\r\n";
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_TRUE(read(whole.substr(0, n)).ends_with('-')) << n;
    EXPECT_FALSE(read(whole).ends_with('-'));
}

TEST(WholeHead, GivesUpAtWhatIsNotAsUsual) {
    for (const auto* line : {"B: c\r\n d", " B: c", "B : c", ": c", "B", "B: c\x01", "B: c\rd", "B: c\nD: e"}) {
        EXPECT_TRUE(read(std::string{"a\r\n"} + line + "\r\n\r\n").ends_with('-')) << line;
    }
    EXPECT_EQ(read("a\nB: c\r\n\r\n"), "-");
    EXPECT_EQ(read("\r\nB: c\r\n\r\n"), "-");
}

TEST(WholeHead, GivesUpAtTooManyFields) {
    std::string head = "a\r\n";
    for (std::size_t i = 0; i < limits::max_fields; ++i) head += "B: c\r\n";
    EXPECT_FALSE(read(head + "\r\n").ends_with('-'));
    EXPECT_TRUE(read(head + "B: c\r\n\r\n").ends_with('-'));
}

}  // namespace
}  // namespace tunnel::http
