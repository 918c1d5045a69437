#include "inspector/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspector/body_capture.hpp"
#include "inspector/line_diff.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

body_diff bodies(std::string_view before, std::string_view after) {
    return compare_bodies(copy_body(before), {}, copy_body(after), {});
}

TEST(Diff, EqualRecordsHaveNoDifference) {
    const auto diff = compare(sample_record(), sample_record());
    EXPECT_TRUE(diff.same_response());
    EXPECT_EQ(to_text(diff), "");
}

TEST(Diff, StatusAndFieldsAreComparedAndDatesSetAside) {
    auto after = sample_record();
    after.response.status = 500;
    after.response.fields = {{"content-type", "text/html"}, {"Date", "now"}, {"X-New", "1"}};
    const auto diff = compare(sample_record(), after);
    EXPECT_FALSE(diff.same_response());
    EXPECT_EQ(to_text(diff),
              "~ status: 200 -> 500\n"
              "~ response Content-Type: application/json -> text/html\n"
              "- response Set-Cookie: s=1; Path=/\n"
              "+ response X-New: 1\n");
    EXPECT_THAT(diff.response.fields, SizeIs(4));
}

TEST(Diff, RepeatedFieldsAreComparedInOrder) {
    auto before = sample_record();
    auto after = before;
    before.request.fields = {{"X-A", "1"}, {"x-a", "2"}, {"X-A", "3"}};
    after.request.fields = {{"X-A", "1"}, {"X-A", "9"}};
    EXPECT_EQ(to_text(compare(before, after)), "~ request X-A: 2 -> 9\n- request X-A: 3\n");
}

TEST(Diff, JsonIsComparedByItsStructureWithExactNumbers) {
    const auto diff = bodies(R"({"a":1,"id":12345678901234567890123,"l":[1,2],"gone":null})",
                             R"({ "a": 1, "id": 12345678901234567890124, "l": [1,2,3], "new": {"x": 1.50} })");
    EXPECT_EQ(diff.compared_as, body_comparison::json);
    std::vector<std::string> changes;
    for (const auto& c : diff.json) changes.push_back(c.pointer + "|" + c.before + "|" + c.after);
    EXPECT_THAT(changes, testing::UnorderedElementsAre("/id|12345678901234567890123|12345678901234567890124", "/l/-||3",
                                                       "/gone|null|", "/new||{\"x\":1.5}"));
}

TEST(Diff, TheSameJsonWrittenDifferentlyHasNoChanges) {
    const auto diff = bodies(R"({"a":1,"b":2})", R"({"b": 2, "a": 1})");
    EXPECT_EQ(diff.compared_as, body_comparison::json);
    EXPECT_THAT(diff.json, IsEmpty());
}

TEST(Diff, TextIsComparedByLinesWithContext) {
    std::string before;
    for (int i = 1; i <= 20; ++i) before += "line " + std::to_string(i) + "\n";
    auto after = before;
    after.replace(after.find("line 10\n"), 8, "changed\nadded\n");
    const auto diff = bodies(before, after);
    EXPECT_EQ(diff.compared_as, body_comparison::lines);
    std::string shown;
    for (const auto& l : diff.lines) {
        shown += std::string(l.type == change_type::same    ? " "
                             : l.type == change_type::added ? "+"
                                                            : "-") +
                 l.text + "\n";
    }
    EXPECT_EQ(shown, " line 7\n line 8\n line 9\n-line 10\n+changed\n+added\n line 11\n line 12\n line 13\n");
    EXPECT_EQ(diff.lines[3].before_line, 10U);
    EXPECT_EQ(diff.lines[4].after_line, 10U);
    EXPECT_EQ(diff.lines[6].before_line, 11U);
    EXPECT_EQ(diff.lines[6].after_line, 12U);
}

/// The length of a longest common subsequence, by the textbook.
std::size_t longest_common(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
    std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < b.size(); ++j) {
            best[i + 1][j + 1] = a[i] == b[j] ? best[i][j] + 1 : std::max(best[i][j + 1], best[i + 1][j]);
        }
    }
    return best[a.size()][b.size()];
}

TEST(Diff, TheCommonSubsequenceIsALongestOne) {
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::size_t> a(random() % 12);
        std::vector<std::size_t> b(random() % 12);
        for (auto* list : {&a, &b}) {
            for (auto& element : *list) element = random() % 3;
        }
        const auto common = common_subsequence(a, b, 100);
        ASSERT_TRUE(common);
        ASSERT_EQ(common->size(), longest_common(a, b));
        for (std::size_t i = 0; i < common->size(); ++i) {
            const auto& [x, y] = (*common)[i];
            ASSERT_EQ(a[x], b[y]);
            if (i > 0) {
                ASSERT_TRUE(x > (*common)[i - 1].first && y > (*common)[i - 1].second);
            }
        }
        const auto differences = a.size() + b.size() - 2 * common->size();
        if (differences > 0) {
            ASSERT_FALSE(common_subsequence(a, b, differences - 1));
        }
    }
}

TEST(Diff, LargeTextsWithoutACommonLineTakeLittleTime) {
    std::string before;
    std::string after;
    for (int i = 0; i < 100'000; ++i) {
        before += "a" + std::to_string(i) + "\n";
        after += "b" + std::to_string(i) + "\n";
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(compare_bodies(copy_body(before, 8 << 20), {}, copy_body(after, 8 << 20), {}).lines, SizeIs(200'000));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(Diff, BytesThatAreNotTextHaveTheirFirstDifference) {
    const auto diff = bodies(std::string("\x00\x01\x02\x03", 4), std::string("\x00\x01\xFF", 3));
    EXPECT_EQ(diff.compared_as, body_comparison::bytes);
    EXPECT_EQ(diff.first_difference, 2U);
    EXPECT_EQ(diff.before_length, 4U);
}

TEST(Diff, CutBodiesOfTheSameDigestAreTheSame) {
    EXPECT_EQ(compare_bodies(copy_body("abcdef", 2), {}, copy_body("abcdef", 3), {}).compared_as,
              body_comparison::same);
    const auto diff = compare_bodies(copy_body("abcdef", 2), {}, copy_body("abcxyz", 2), {});
    EXPECT_TRUE(diff.truncated);
    EXPECT_NE(diff.compared_as, body_comparison::same);
}

TEST(Diff, CutBodiesWithoutADigestAreNotSaidToBeTheSame) {
    const auto unhashed = [](std::string_view kept) { return body_copy{std::string(kept), 20, {}}; };
    EXPECT_EQ(compare_bodies(unhashed("abc"), {}, unhashed("abc"), {}).compared_as, body_comparison::unknown);
    EXPECT_EQ(compare_bodies(unhashed("abc"), {}, unhashed("ab"), {}).compared_as, body_comparison::unknown);
    const auto differ = compare_bodies(unhashed("abc"), {}, unhashed("abd"), {}).compared_as;
    EXPECT_NE(differ, body_comparison::unknown);
    EXPECT_NE(differ, body_comparison::same);
}

}  // namespace
}  // namespace tunnel::inspector
