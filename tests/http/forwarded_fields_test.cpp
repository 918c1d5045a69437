#include "http/forwarded_fields.hpp"

#include <gtest/gtest.h>

#include "head_feeding.hpp"

namespace tunnel::http {
namespace {

using test::lines;
using test::lines_of;

http::request_head head_with(const lines& fields) {
    http::request_head head;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    return head;
}

lines forwarded(const lines& fields, std::string_view caller = "192.0.2.1", unsigned minor = 1) {
    auto head = head_with(fields);
    add_forwarded_fields(head, minor, "tunnel", caller);
    return lines_of(head.fields);
}

lines with_host(const lines& fields, std::string_view host) {
    auto head = head_with(fields);
    set_host(head, host);
    return lines_of(head.fields);
}

TEST(ForwardedFields, AreAddedBehindTheOthers) {
    EXPECT_EQ(forwarded({{"Host", "a:80"}, {"A", "b"}}), (lines{{"Host", "a:80"},
                                                                {"A", "b"},
                                                                {"Via", "1.1 tunnel"},
                                                                {"X-Forwarded-For", "192.0.2.1"},
                                                                {"X-Forwarded-Proto", "http"},
                                                                {"X-Forwarded-Host", "a:80"}}));
}

TEST(ForwardedFields, ViaSaysTheVersionThatTheRequestCameIn) {
    EXPECT_EQ(forwarded({{"Host", "a"}}, "192.0.2.1", 0)[1].second, "1.0 tunnel");
    EXPECT_TRUE(has_own_via(head_with({{"Via", "1.0 tunnel"}}).fields, "tunnel"));
}

TEST(ForwardedFields, ForwardedForIsJoinedToTheLastLineOfItsName) {
    EXPECT_EQ(
        forwarded(
            {{"x-forwarded-for", "1"}, {"Host", "a"}, {"X-Forwarded-For", "2, 3"}, {"VIA", "1.0 x (a, b)"}, {"C", "d"}},
            "::1"),
        (lines{{"x-forwarded-for", "1"},
               {"Host", "a"},
               {"X-Forwarded-For", "2, 3, ::1"},
               {"VIA", "1.0 x (a, b), 1.1 tunnel"},
               {"C", "d"},
               {"X-Forwarded-Proto", "http"},
               {"X-Forwarded-Host", "a"}}));
    EXPECT_EQ(forwarded({{"X-Forwarded-For", ""}})[0].second, "192.0.2.1");
}

TEST(ForwardedFields, ClaimsOfAStrangerAreRemoved) {
    auto head = head_with({{"Forwarded", "for=192.0.2.9"},
                           {"Host", "a"},
                           {"X-FORWARDED-FOR", "192.0.2.9"},
                           {"X-Forwarded", "stays"},
                           {"x-forwarded-anything", "1"},
                           {"X-Real-Ip", "192.0.2.9"},
                           {"B", "c"}});
    head.content_length = 1;
    head.content_length_at = 3;  // behind Host and two that are removed
    remove_forwarded_fields(head);
    EXPECT_EQ(lines_of(head.fields), (lines{{"Host", "a"}, {"X-Forwarded", "stays"}, {"B", "c"}}));
    EXPECT_EQ(head.content_length_at, 1U);
    head.content_length_at = behind_all_fields;
    remove_forwarded_fields(head);
    EXPECT_EQ(head.content_length_at, behind_all_fields);
}

TEST(ForwardedFields, ProtoAndHostOfAProxyAheadAreKept) {
    EXPECT_EQ(forwarded({{"Host", "a"}, {"x-forwarded-proto", "https"}, {"X-FORWARDED-HOST", "b"}}),
              (lines{{"Host", "a"},
                     {"x-forwarded-proto", "https"},
                     {"X-FORWARDED-HOST", "b"},
                     {"Via", "1.1 tunnel"},
                     {"X-Forwarded-For", "192.0.2.1"}}));
}

TEST(ForwardedFields, WithoutHostThereIsNoForwardedHost) {
    const lines added{{"Via", "1.1 tunnel"}, {"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "http"}};
    EXPECT_EQ(forwarded({}), added);
    EXPECT_EQ(forwarded({{"Host", ""}}).size(), 1 + added.size());
}

TEST(HasOwnVia, IsFoundInAnyLineAndMember) {
    EXPECT_TRUE(has_own_via(head_with({{"Via", "1.1 tunnel"}}).fields, "tunnel"));
    EXPECT_TRUE(has_own_via(head_with({{"Via", "1.0 a"}, {"via", "1.1 b,1.1 tunnel ,1.1 c"}}).fields, "tunnel"));
    for (const auto* value : {"", "1.1 tunnel2", "1.1 a", "tunnel", "1.1 a (1.1 tunnel)", "1.1  tunnel"}) {
        EXPECT_FALSE(has_own_via(head_with({{"Via", value}}).fields, "tunnel")) << value;
    }
    EXPECT_FALSE(has_own_via(head_with({{"X-Via", "1.1 tunnel"}}).fields, "tunnel"));
    auto head = head_with({});
    add_forwarded_fields(head, 1, "tunnel", "::1");
    EXPECT_TRUE(has_own_via(head.fields, "tunnel"));
}

TEST(SetHost, ReplacesInPlaceAndKeepsTheNameAsItWas) {
    EXPECT_EQ(with_host({{"A", "b"}, {"hOst", "x"}, {"C", "d"}}, "localhost:3000"),
              (lines{{"A", "b"}, {"hOst", "localhost:3000"}, {"C", "d"}}));
    EXPECT_EQ(with_host({{"Host", "x"}}, "x"), (lines{{"Host", "x"}}));
    EXPECT_EQ(with_host({{"Host", "longer.example"}, {"Y", "z"}}, ""), (lines{{"Host", ""}, {"Y", "z"}}));
}

TEST(SetHost, AddsItFirstIfAbsent) {
    EXPECT_EQ(with_host({{"A", "b"}}, "x"), (lines{{"Host", "x"}, {"A", "b"}}));
    EXPECT_EQ(with_host({}, "x"), (lines{{"Host", "x"}}));
}

}  // namespace
}  // namespace tunnel::http
