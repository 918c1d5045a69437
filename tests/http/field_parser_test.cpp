#include "http/field_parser.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <string_view>

#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;

/// Reads `bytes` in steps: `Name=value;` for each line, with a `*` if it came in one piece; then the size of the
/// section, the error, or `...` if it is not complete; then `!` if a fault was tolerated.
std::string read(field_parser parser, std::string_view bytes, std::size_t first, std::size_t step) {
    std::string all;
    parser.start(0);
    for (std::size_t n = first;; n += step) {
        const std::string exact{bytes.substr(0, n)};  // a sanitizer sees every step beyond
        field_parser::line line;
        parse_error error;
        auto result = parser.next(exact, line, error);
        for (; result == field_parser::result::field; result = parser.next(exact, line, error)) {
            if (!line.text.empty()) {
                EXPECT_EQ(line.text, std::string{line.field.name} + ": " + std::string{line.field.value} + "\r\n");
                all += '*';
            }
            all += std::string{line.field.name} + '=' + std::string{line.field.value} + ';';
        }
        if (result == field_parser::result::failed) return all + std::string{error.detail};
        if (result == field_parser::result::end) {
            return all + std::to_string(parser.size()) + (parser.faulty() ? "!" : "");
        }
        if (n >= bytes.size()) return all + "...";
    }
}

/// The same whole, byte by byte and at every split.
std::string read(const field_parser& parser, std::string_view bytes) {
    const auto whole = read(parser, bytes, bytes.size(), 1);
    EXPECT_EQ(read(parser, bytes, 1, 1), whole) << bytes;
    for (std::size_t split = 1; split < bytes.size(); ++split) {
        EXPECT_EQ(read(parser, bytes, split, bytes.size()), whole) << split << ": " << bytes;
    }
    return whole;
}

using section = field_parser::section;
std::string strict(std::string_view bytes) { return read({parse_mode::strict, section::head}, bytes); }
std::string lenient(std::string_view bytes) { return read({parse_mode::lenient, section::head}, bytes); }
std::string lenient_trailer(std::string_view bytes) { return read({parse_mode::lenient, section::trailer}, bytes); }

/// What both modes read in the same way.
std::string both(std::string_view bytes) {
    const auto result = strict(bytes);
    EXPECT_EQ(lenient(bytes), result);
    EXPECT_EQ(lenient_trailer(bytes), result);
    return result;
}

TEST(FieldParser, ReadsLinesUpToTheEmptyOne) {
    EXPECT_EQ(both("\r\n"), "2");
    EXPECT_EQ(both("B: c\r\nD_e: f g\r\n\r\nbody"), "*B=c;*D_e=f g;18");
    EXPECT_EQ(both("A: b\r\nc:d\r\nE:\r\n\r\n"), "*A=b;c=d;E=;17");
}

TEST(FieldParser, StartsAtAnOffset) {
    field_parser parser(parse_mode::strict, section::head);
    parser.start(7);
    field_parser::line line;
    parse_error error;
    const std::string_view bytes = "GET /\r\nA: b\r\n\r\n";
    EXPECT_EQ(parser.next(bytes, line, error), field_parser::result::field);
    EXPECT_EQ(line.field, (field{"A", "b"}));
    EXPECT_EQ(parser.next(bytes, line, error), field_parser::result::end);
    EXPECT_EQ(parser.size(), bytes.size());
}

TEST(FieldParser, ALineWithMoreThanNameAndValueIsNotOnePiece) {
    EXPECT_EQ(both("B:c\r\nD:  e\r\nF: g \r\nH:\ti\r\nJ:\r\nK: \r\n\r\n"), "B=c;D=e;F=g;H=i;J=;*K=;36");
}

TEST(FieldParser, BlanksAroundAValueAreNotPartOfIt) {
    EXPECT_EQ(both("A: \t b \t c\t \r\nD: \t\r\n\r\n"), "A=b \t c;D=;22");
}

TEST(FieldParser, WhatHasNotArrivedIsWaitedFor) {
    const std::string whole = "Content-Type: text/plain\r\nX: y\r\n\r\n";
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_TRUE(both(whole.substr(0, n)).ends_with("...")) << n;
}

TEST(FieldParser, ReadsNamesAndValuesOfEveryLength) {
    for (std::size_t n = 1; n < 70; ++n) {
        const std::string name(n, 'N');
        const std::string value(n, '\xe9');
        EXPECT_EQ(both(name + ":" + value + "\r\nB: c\r\n\r\n"),
                  name + "=" + value + ";*B=c;" + std::to_string(2 * n + 11));
    }
}

TEST(FieldParser, ANameIsATokenWhereverTheOtherByteStands) {
    for (std::size_t at = 0; at < 40; ++at) {
        std::string name(40, 'n');
        name[at] = '(';
        EXPECT_EQ(strict(name + ": a\r\nB: c\r\n\r\n"), "a field name is not a token") << at;
        EXPECT_EQ(lenient(name + ": a\r\nB: c\r\n\r\n"), "a field name is not a token") << at;
        name[at] = '!';
        EXPECT_EQ(both(name + ": a\r\nB: c\r\n\r\n"), "*" + name + "=a;*B=c;53") << at;
    }
    EXPECT_EQ(lenient(": a\r\n\r\n"), "a field name is not a token");
    EXPECT_EQ(lenient("name\r\n\r\n"), "a field line without a colon");
}

TEST(FieldParser, AControlCharacterIsFoundWhereverItStands) {
    for (std::size_t at = 0; at < 40; ++at) {
        std::string value(40, 'v');
        for (const char c : {'\0', '\x01', '\x7f'}) {
            value[at] = c;
            EXPECT_EQ(both("A: " + value + "\r\nB: c\r\n\r\n"), "a control character in a field value") << at;
        }
        value[at] = '\r';
        EXPECT_EQ(both("A: " + value + "\r\nB: c\r\n\r\n"), "a carriage return without line feed") << at;
    }
}

TEST(FieldParser, StrictRefusesWhatLenientAccepts) {
    EXPECT_EQ(strict("A: b\nC: d\r\n\r\n"), "a line feed without carriage return");
    EXPECT_EQ(strict("A: b\r\n\nC: d"), "*A=b;a line feed without carriage return");
    EXPECT_EQ(strict("A : b\r\n\r\n"), "a blank in front of a colon");
    EXPECT_EQ(strict("A: b\r\n c\r\n\r\n"), "a folded field line");
    EXPECT_EQ(strict("A: b\r\n\tc\r\n\r\n"), "a folded field line");
}

TEST(FieldParser, ABlankInFrontOfTheFirstFieldIsRefused) {
    EXPECT_EQ(strict(" A: b\r\n\r\n"), "a blank in front of the first field");
    EXPECT_EQ(lenient(" A: b\r\n\r\n"), "a blank in front of the first field");
}

TEST(FieldParser, LenientTakesLineFeeds) {
    EXPECT_EQ(lenient("A: b\nC:d \n\n"), "A=b;C=d;11!");
    EXPECT_EQ(lenient("A: b\r\nC: d\n\r\n"), "*A=b;C=d;13!");
    EXPECT_EQ(lenient("A: b\r\n\n"), "*A=b;7!");
    EXPECT_EQ(lenient("A: b\n c\n\n"), "A=b c;9!");
    EXPECT_EQ(lenient("A: b\r\r\n\r\n"), "a carriage return without line feed");
}

TEST(FieldParser, LenientRemovesBlanksInFrontOfAColon) {
    EXPECT_EQ(lenient("A : b\r\nC \t :d\r\n\r\n"), "A=b;C=d;17!");
    EXPECT_EQ(lenient("A b: c\r\n\r\n"), "a field name is not a token");
    EXPECT_EQ(lenient("A  \r\n\r\n"), "a field line without a colon");
}

TEST(FieldParser, LenientJoinsFoldedLinesByOneSpace) {
    EXPECT_EQ(lenient("A: b\r\n c\r\n\td \r\nE: f\r\n\r\n"), "A=b c d;*E=f;23");
    EXPECT_EQ(lenient("A:\r\n \t\r\n b\r\n \r\n\r\n"), "A=b;17");
    EXPECT_EQ(lenient("A: b\r\n c\x01\r\n\r\n"), "a control character in a field value");
}

TEST(FieldParser, AFoldedValueHasALimit) {
    const std::string most(limits::max_folded - 2, 'v');
    const auto read_once = [](const std::string& bytes) {
        return read({parse_mode::lenient, section::head}, bytes, bytes.size(), 1);
    };
    EXPECT_EQ(read_once("A: " + most + "\r\n w\r\n\r\n"), "A=" + most + " w;" + std::to_string(most.size() + 11));
    EXPECT_EQ(read_once("A: " + most + "\r\n ww\r\n\r\n"), "a folded field is too long");
}

TEST(FieldParser, LenientDropsTrailerLinesThatAreNotFields) {
    EXPECT_EQ(lenient_trailer("X T: 1\r\nA: b\r\n\r\n"), "*A=b;16");
    EXPECT_EQ(lenient_trailer("A: b\r\n: x\r\nname\r\nf(: y\n lead: z\r\nC: d\r\n\r\n"), "*A=b;*C=d;41!");
    EXPECT_EQ(lenient_trailer("X T: 1\r\n folded\r\nA: b\r\n\r\n"), "*A=b;25");
    EXPECT_EQ(lenient_trailer("X T: \0\r\n\r\n"s), "a control character in a field value");
    EXPECT_EQ(lenient_trailer("X T: a\rb\r\n\r\n"), "a carriage return without line feed");
    EXPECT_EQ(read({parse_mode::strict, section::trailer}, "X T: 1\r\n\r\n"), "a blank in front of a colon");
}

TEST(FieldParser, TheNumberOfFieldsIsLimited) {
    std::string head;
    for (std::size_t i = 0; i < limits::max_fields; ++i) head += "B: c\r\n";
    const auto read_once = [](const std::string& bytes) {
        return read({parse_mode::strict, section::head}, bytes, bytes.size(), 1);
    };
    EXPECT_TRUE(read_once(head + "\r\n").ends_with(std::to_string(head.size() + 2)));
    EXPECT_TRUE(read_once(head + "B: c\r\n\r\n").ends_with("there are more than 1000 fields"));
}

/// Every kind of long run that a slow sender could have searched again and again.
TEST(FieldParser, ASlowSectionCostsNoMoreThanItsLength) {
    const std::string run(limits::max_head, 'x');
    const std::string blanks(limits::max_head, ' ');
    for (const auto& bytes : {run, run + ": a", "A: " + run, "A:" + blanks, "A: b" + blanks, "A" + blanks + ": b",
                              "(" + run, "A: b\r\n" + blanks}) {
        for (const auto mode : {parse_mode::strict, parse_mode::lenient}) {
            field_parser parser(mode, section::trailer);
            parser.start(0);
            const auto begin = std::clock();
            for (std::size_t n = 1; n < bytes.size(); ++n) {
                field_parser::line line;
                parse_error error;
                if (parser.next({bytes.data(), n}, line, error) == field_parser::result::failed) break;
            }
            EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC) << bytes.substr(0, 5);
        }
    }
}

}  // namespace
}  // namespace tunnel::http
