#include <gmock/gmock.h>

#include "inspector/base64_text.hpp"
#include "inspector/body_capture.hpp"
#include "inspector/export.hpp"
#include "inspector_http/inspector_fixture.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {
namespace {

using namespace inspector;
using testing::ElementsAre;

std::string path_of(record_id id, std::string_view rest = "") {
    return "/api/v1/exchanges/" + to_string(id) + std::string(rest);
}

std::vector<std::string> ids_in(const nlohmann::json& items) {
    std::vector<std::string> ids;
    for (const auto& item : items) ids.push_back(item.at("id"));
    return ids;
}

TEST_F(InspectorHttp, ListsAreKeysetPagesNewestFirst) {
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(to_string(keep()));
    const auto first = get("/api/v1/exchanges?limit=2");
    EXPECT_EQ(first.status, 200U);
    EXPECT_THAT(ids_in(first.json.at("items")), ElementsAre(ids[4], ids[3]));
    const auto second = get("/api/v1/exchanges?limit=2&before=" + first.json.at("next").get<std::string>());
    EXPECT_THAT(ids_in(second.json.at("items")), ElementsAre(ids[2], ids[1]));
    const auto third = get("/api/v1/exchanges?limit=2&before=" + second.json.at("next").get<std::string>());
    EXPECT_THAT(ids_in(third.json.at("items")), ElementsAre(ids[0]));
    EXPECT_TRUE(third.json.at("next").is_null());
    EXPECT_THAT(ids_in(get("/api/v1/exchanges?after=" + ids[2]).json.at("items")), ElementsAre(ids[4], ids[3]));
}

TEST_F(InspectorHttp, AnInvalidFilterIsAnErrorWithItsPlace) {
    keep();
    const auto found = get("/api/v1/exchanges?q=method%3APOST+body.data.object.n%3D5");
    EXPECT_EQ(found.json.at("items").size(), 1U);
    EXPECT_TRUE(get("/api/v1/exchanges?q=status%3A5xx").json.at("items").empty());
    const auto wrong = get("/api/v1/exchanges?q=%22%C3%A4%22+nokey%3A1");
    EXPECT_EQ(wrong.status, 400U);
    EXPECT_EQ(wrong.json.at("error").at("code"), "bad_filter");
    EXPECT_EQ(wrong.json.at("error").at("position"), 4);
    EXPECT_EQ(get("/api/v1/exchanges?q=%FF").json.at("error").at("code"), "bad_filter");
}

TEST_F(InspectorHttp, ASummaryHasWhatAListShows) {
    const auto parent = keep();
    keep([&](record& r) {
        r.parent = parent;
        r.origin = record_origin::replay;
        r.labels = {"edited"};
        r.note = {true, "look"};
        r.request.body = copy_body("0123456789", 4);
        r.messages = sample_record().messages;
    });
    const auto items = get("/api/v1/exchanges").json.at("items");
    const auto& replay = items.at(0);
    EXPECT_EQ(replay.at("parent"), to_string(parent));
    EXPECT_EQ(replay.at("origin"), "replay");
    EXPECT_EQ(replay.at("edited"), true);
    EXPECT_EQ(replay.at("marked"), true);
    EXPECT_EQ(replay.at("comment"), "look");
    EXPECT_EQ(replay.at("truncated"), true);
    EXPECT_EQ(replay.at("request_bytes"), 10);
    EXPECT_EQ(replay.at("attempt"), 2);
    EXPECT_EQ(replay.at("messages"), 2);
    EXPECT_EQ(replay.at("kind"), "websocket");
    EXPECT_EQ(items.at(1).at("replays"), 1);
    EXPECT_EQ(items.at(1).at("kind"), "http");
    EXPECT_EQ(items.at(1).at("host"), "app.example.dev");
    EXPECT_EQ(items.at(1).at("response_type"), "application/json");
    EXPECT_EQ(items.at(1).at("signature"), "valid");
    EXPECT_EQ(items.at(1).at("duration_us"), 41'000);
}

TEST_F(InspectorHttp, AWholeRecordHasItsHeadsAndRelatives) {
    const auto parent = keep();
    const auto child = keep([&](record& r) {
        r.parent = parent;
        r.response.status = 500;
    });
    const auto r = get(path_of(parent)).json;
    EXPECT_EQ(r.at("request").at("start_line"), "POST /hooks/stripe?x=1&y=a%20b HTTP/1.1");
    EXPECT_EQ(r.at("request").at("sent_head_base64"), to_base64(sample_record().request.raw_sent));
    EXPECT_EQ(r.at("request").at("head_base64"), to_base64(sample_record().request.raw_received));
    EXPECT_EQ(r.at("request").at("fields").at(3), nlohmann::json::array({"X-Twice", "a"}));
    EXPECT_EQ(r.at("request").at("trailers").at(0).at(0), "X-Checksum");
    EXPECT_EQ(r.at("response").at("body").at("sha256"), to_hex(sample_record().response.body.sha256));
    EXPECT_EQ(r.at("interim").at(0).at("start_line"), "HTTP/1.1 103 Early Hints");
    EXPECT_EQ(r.at("timing").at("first_byte_us"), 40'000);
    EXPECT_EQ(r.at("children").at(0).at("id"), to_string(child));
    EXPECT_EQ(r.at("children").at(0).at("same_status"), false);
    EXPECT_EQ(r.at("children").at(0).at("same_body"), true);
    EXPECT_EQ(r.at("attempts").size(), 2U);
    EXPECT_TRUE(r.at("failure").is_null());
    EXPECT_EQ(get("/api/v1/exchanges/zzzz").status, 404U);
    EXPECT_EQ(get("/api/v1/exchanges/0000000000001").status, 404U);
}

TEST_F(InspectorHttp, AttemptsHaveTheirGapsAndDuplicatesAreNamed) {
    const auto first = keep([](record& r) { r.response.status = 503; });
    const auto arrived = history.find(first)->arrived;
    keep([&](record& r) { r.arrived = arrived + std::chrono::seconds(30); });
    const auto third = keep([&](record& r) { r.arrived = arrived + std::chrono::minutes(2); });
    const auto items = get("/api/v1/exchanges").json.at("items");
    EXPECT_EQ(items.at(0).at("attempt"), 3);
    EXPECT_EQ(items.at(0).at("attempt_gap_us"), 90'000'000);
    EXPECT_EQ(items.at(0).at("duplicate"), true);
    EXPECT_EQ(items.at(1).at("duplicate"), false);
    EXPECT_TRUE(items.at(2).at("attempt_gap_us").is_null());
    const auto attempts = get(path_of(third)).json.at("attempts");
    ASSERT_EQ(attempts.size(), 3U);
    EXPECT_TRUE(attempts.at(0).at("gap_us").is_null());
    EXPECT_EQ(attempts.at(1).at("gap_us"), 30'000'000);
    EXPECT_EQ(attempts.at(1).at("duplicate"), false);
    EXPECT_EQ(attempts.at(2).at("gap_us"), 90'000'000);
    EXPECT_EQ(attempts.at(2).at("duplicate"), true);
    EXPECT_THAT(ids_in(get("/api/v1/exchanges?q=is%3Aduplicate").json.at("items")), ElementsAre(to_string(third)));
}

TEST_F(InspectorHttp, BodiesAreAttachmentsOfExactlyTheirBytes) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    const auto id = keep([&](record& r) {
        r.request.body = copy_body(bytes);
        r.response.fields = {{"Content-Type", "text/html"}};
        r.response.body = copy_body("<script>alert(1)</script>", 8);
    });
    const auto request = get(path_of(id, "/request/body")).message;
    EXPECT_EQ(request.body, bytes);
    EXPECT_EQ(request.value("Content-Type"), "application/octet-stream");
    EXPECT_EQ(request.value("Content-Disposition"), "attachment; filename=\"" + to_string(id) + ".request.bin\"");
    EXPECT_EQ(request.value("Content-Security-Policy"), "sandbox; default-src 'none'");
    EXPECT_EQ(request.value("X-Tunnel-Body-Truncated"), "false");
    const auto cut = get(path_of(id, "/response/body")).message;
    EXPECT_EQ(cut.body, "<script>");
    EXPECT_EQ(cut.value("Content-Type"), "application/octet-stream");
    EXPECT_EQ(cut.value("X-Tunnel-Body-Truncated"), "true");
    EXPECT_EQ(cut.value("X-Tunnel-Body-Length"), "25");
    EXPECT_EQ(get(path_of(id, "/other/body")).status, 404U);
    EXPECT_EQ(get(path_of(id, "/request/head?as=sent")).message.body, sample_record().request.raw_sent);
    EXPECT_EQ(get(path_of(id, "/request/head")).message.body, sample_record().request.raw_received);
    EXPECT_EQ(get(path_of(id, "/request/head?as=x")).status, 400U);
}

TEST_F(InspectorHttp, AViewIsTextOrBase64WithinItsLimit) {
    const auto id = keep([](record& r) {
        r.request.body = copy_body(
            "a\xC3\xA4"
            "b");
        r.response.body = copy_body(std::string("\0\xFF", 2));
    });
    EXPECT_EQ(get(path_of(id, "/request/view")).json.at("text"),
              "a\xC3\xA4"
              "b");
    const auto cut = get(path_of(id, "/request/view?limit=2")).json;
    EXPECT_EQ(cut.at("text"), "a") << "not within a character";
    EXPECT_EQ(cut.at("truncated"), true);
    const auto binary = get(path_of(id, "/response/view")).json;
    EXPECT_TRUE(binary.at("text").is_null());
    EXPECT_EQ(binary.at("base64"), "AP8=");
    EXPECT_EQ(get(path_of(id, "/request/view?limit=0")).status, 400U);
    EXPECT_EQ(get(path_of(id, "/request/view?limit=4194305")).status, 400U);
}

TEST_F(InspectorHttp, MessagesComeInPages) {
    const auto id = keep([](record& r) {
        r.messages = sample_record().messages;
        r.messages.push_back({3, message_direction::from_app, message_kind::close, false, duration(9), 5,
                              std::string("\x03\xE9"
                                          "bye",
                                          5)});
    });
    const auto first = get(path_of(id, "/messages?limit=2")).json;
    EXPECT_EQ(first.at("items").size(), 2U);
    EXPECT_EQ(first.at("items").at(0).at("text"), "hello");
    EXPECT_EQ(first.at("items").at(1).at("base64"), "AP8B");
    EXPECT_EQ(first.at("next"), 2);
    const auto rest = get(path_of(id, "/messages?after=2")).json;
    EXPECT_EQ(rest.at("items").at(0).at("close_code"), 1001);
    EXPECT_EQ(rest.at("items").at(0).at("text"), "bye");
    EXPECT_TRUE(rest.at("next").is_null());
}

TEST_F(InspectorHttp, RecordsAreMarkedCommentedAndDeleted) {
    const auto id = keep();
    auto changed = send_json("PATCH", path_of(id), R"({"marked":true})");
    EXPECT_EQ(changed.json.at("marked"), true);
    changed = send_json("PATCH", path_of(id), R"({"comment":"caf\u00e9"})");
    EXPECT_EQ(changed.json.at("comment"), "caf\xC3\xA9");
    EXPECT_EQ(changed.json.at("marked"), true) << "what is not given stays";
    EXPECT_TRUE(send_json("PATCH", path_of(id), R"({"comment":null})").json.at("comment").is_null());
    for (const auto* body : {"{}", R"({"marked":1})", R"({"other":1})", "[]", "{", R"({"comment":5})", "null"}) {
        EXPECT_EQ(send_json("PATCH", path_of(id), body).status, 400U) << body;
    }
    const std::string long_comment(4'097, 'a');
    EXPECT_EQ(send_json("PATCH", path_of(id), R"({"comment":")" + long_comment + "\"}").status, 400U);
    EXPECT_EQ(ask("DELETE", path_of(id)).status, 204U);
    EXPECT_EQ(ask("DELETE", path_of(id)).status, 404U);
    EXPECT_EQ(send_json("PATCH", path_of(id), R"({"marked":true})").status, 404U);
}

TEST_F(InspectorHttp, ClearingLeavesMarkedRecordsAndThoseThatDoNotMatch) {
    keep([](record& r) { r.note.marked = true; });
    keep([](record& r) { r.response.status = 500; });
    keep();
    EXPECT_EQ(ask("DELETE", "/api/v1/exchanges?q=status%3A500").json.at("removed"), 1);
    EXPECT_EQ(get("/api/v1/exchanges").json.at("items").size(), 2U);
    EXPECT_EQ(ask("DELETE", "/api/v1/exchanges").json.at("removed"), 1);
    EXPECT_EQ(get("/api/v1/exchanges").json.at("items").size(), 1U);
    EXPECT_EQ(ask("DELETE", "/api/v1/exchanges?marked=true").json.at("removed"), 1);
    EXPECT_TRUE(get("/api/v1/exchanges").json.at("items").empty());
    EXPECT_EQ(ask("DELETE", "/api/v1/exchanges?q=nokey%3A1").status, 400U) << "and nothing is deleted";
}

TEST_F(InspectorHttp, ClearingWithASlowFilterGoesOnWhereItStopped) {
    keep_slow_records();
    std::string path = "/api/v1/exchanges?q=";
    for (const char c : slow_filter()) path += c == ' ' ? "%20" : c == '+' ? "%2B" : std::string(1, c);
    std::size_t removed = 0;
    int rounds = 0;
    for (nlohmann::json next = ""; !next.is_null(); ++rounds) {
        const auto before = next.get<std::string>();
        const auto done = ask("DELETE", path + (before.empty() ? "" : "&before=" + before));
        ASSERT_EQ(done.status, 200U) << done.json;
        removed += done.json.at("removed").get<std::size_t>();
        next = done.json.at("next");
    }
    EXPECT_GT(rounds, 1) << "a worker is free for others in between";
    EXPECT_EQ(removed, slow_records);
    EXPECT_TRUE(get("/api/v1/exchanges").json.at("items").empty());
}

TEST_F(InspectorHttp, DiffsAreOfTheNewestReplayOrTheParent) {
    const auto parent = keep();
    EXPECT_EQ(get("/api/v1/diff?a=" + to_string(parent)).json.at("error").at("code"), "no_counterpart");
    const auto child = keep([&](record& r) {
        r.parent = parent;
        r.response.body = copy_body(R"({"ok":false,"more":[1]})");
        r.response.fields.emplace_back("Date", "now");
        r.response.fields.emplace_back("X-New", "1");
    });
    for (const auto& target : {"/api/v1/diff?a=" + to_string(parent), "/api/v1/diff?a=" + to_string(child),
                               "/api/v1/diff?a=" + to_string(parent) + "&b=" + to_string(child)}) {
        const auto diff = get(target).json;
        EXPECT_EQ(diff.at("a").at("id"), to_string(parent));
        EXPECT_EQ(diff.at("b").at("id"), to_string(child));
        EXPECT_EQ(diff.at("equal"), false);
        EXPECT_EQ(diff.at("request").at("equal"), true);
        EXPECT_EQ(diff.at("response").at("body").at("kind"), "json");
        const auto text = diff.at("response").dump();
        EXPECT_THAT(text, testing::HasSubstr(R"({"a":"true","b":"false","op":"replace","pointer":"/ok"})"));
        EXPECT_THAT(text, testing::HasSubstr(R"({"a":null,"b":"[1]","op":"add","pointer":"/more"})"));
        EXPECT_THAT(text, testing::HasSubstr(R"({"a":null,"b":"now","name":"Date","op":"ignored"})"));
        EXPECT_THAT(text, testing::HasSubstr(R"({"a":null,"b":"1","name":"X-New","op":"added"})"));
    }
    EXPECT_EQ(get("/api/v1/diff").status, 400U);
    EXPECT_EQ(get("/api/v1/diff?a=0000000000001").status, 404U);
}

TEST_F(InspectorHttp, WhatIsExportedIsImportedAgain) {
    const auto id = keep();
    for (const auto* format : {"curl", "httpie", "fetch", "http", "raw", "har", "ndjson"}) {
        const auto one = get(path_of(id, "/export?include_secrets=true&format=" + std::string(format))).message;
        EXPECT_EQ(one.body, export_record(*history.find(id), *parse_export_format(format), {true, {}}));
        EXPECT_THAT(one.value("Content-Disposition"), testing::StartsWith("attachment; filename="));
        EXPECT_EQ(get("/api/v1/export?format=" + std::string(format)).status, 200U);
    }
    EXPECT_THAT(get(path_of(id, "/export?format=ndjson")).message.body, testing::Not(testing::HasSubstr("s3cr3t")));
    EXPECT_EQ(get(path_of(id, "/export?format=raw-response")).status, 400U);
    EXPECT_EQ(get(path_of(id, "/export")).status, 400U);

    for (int i = 0; i < 30; ++i) keep([](record& r) { r.request.body = copy_body(std::string(50'000, 'x')); });
    const auto exported = get("/api/v1/export?format=ndjson&include_secrets=true").message;
    EXPECT_EQ(exported.value("Transfer-Encoding"), "chunked");
    EXPECT_EQ(std::ranges::count(exported.body, '\n'), 31);
    history.clear(false);
    const auto fields =
        "Content-Type: application/x-ndjson\r\nContent-Length: " + std::to_string(exported.body.size()) + "\r\n";
    const auto imported = send_raw(head("POST", "/api/v1/import", fields) + exported.body);
    EXPECT_EQ(imported.json.at("imported"), 31);
    EXPECT_EQ(get("/api/v1/export?format=ndjson&include_secrets=true").message.body, exported.body);
    EXPECT_EQ(send_json("POST", "/api/v1/import", "{}").status, 400U);
}

TEST_F(InspectorHttp, StatusDescribesTunnelAndHistory) {
    keep();
    const auto s = get("/api/v1/status").json;
    EXPECT_EQ(s.at("tunnel").at("state"), "up");
    EXPECT_EQ(s.at("forwarding").at("public_url"), "https://app.example.dev");
    EXPECT_EQ(s.at("history").at("state"), "memory");
    EXPECT_EQ(s.at("history").at("count"), 1);
    EXPECT_TRUE(s.at("tunnel").at("error").is_null());
}

TEST_F(InspectorHttp, ReplaysGoToTheReplayerAndBack) {
    const auto id = keep();
    const auto done = send_json("POST", path_of(id, "/replay"), R"({"times":2,"edits":{"method":"PUT"}})");
    EXPECT_EQ(done.status, 200U);
    EXPECT_EQ(done.json.at("items").at(0).at("parent"), to_string(id));
    EXPECT_EQ(done.json.at("items").at(0).at("status"), 200);
    EXPECT_EQ(done.json.at("items").at(0).at("duration_us"), 5'000);
    EXPECT_EQ(replays.calls().back().options.times, 2U);
    EXPECT_EQ(replays.calls().back().options.edits->method, "PUT");
    EXPECT_EQ(ask("POST", path_of(id, "/replay")).status, 200U) << "the body is optional";
    EXPECT_EQ(send_json("POST", "/api/v1/exchanges/0000000000001/replay", "{}").status, 404U);
    const auto own = R"({"to":"localhost:)" + std::to_string(port()) + "\"}";
    EXPECT_EQ(send_json("POST", path_of(id, "/replay"), own).json.at("error").at("code"), "target_refused");

    replays.outcome = [](const auto&, const auto&) {
        return replay_refusal{refusal_code::body_truncated, "It was cut."};
    };
    const auto refused = send_json("POST", path_of(id, "/replay"), "{}");
    EXPECT_EQ(refused.status, 409U);
    EXPECT_EQ(refused.json.at("error").at("code"), "body_truncated");
}

TEST_F(InspectorHttp, ReplaysOfAFilterGoInOrderOfArrivalWithoutReplays) {
    const auto first = keep([](record& r) { r.response.status = 500; });
    const auto second = keep([](record& r) { r.response.status = 502; });
    keep([&](record& r) {
        r.response.status = 500;
        r.parent = first;
        r.origin = record_origin::replay;
    });
    keep();
    EXPECT_EQ(send_json("POST", "/api/v1/replay", R"({"q":"status:5xx"})").json.at("items").size(), 2U);
    EXPECT_THAT(replays.calls().back().ids, ElementsAre(first, second));
    EXPECT_EQ(send_json("POST", "/api/v1/replay", R"({"q":"is:replay"})").json.at("items").size(), 1U);
    const auto many = send_json("POST", "/api/v1/replay", R"({"q":"status:5xx","limit":1})");
    EXPECT_EQ(many.status, 413U);
    EXPECT_EQ(many.json.at("error").at("code"), "too_many");
    EXPECT_EQ(send_json("POST", "/api/v1/replay", "{}").status, 400U);
    EXPECT_TRUE(send_json("POST", "/api/v1/replay", R"({"q":"status:418"})").json.at("items").empty());
    EXPECT_EQ(replays.calls().size(), 2U);
}

TEST_F(InspectorHttp, AReplayEndsWithTheRequestThatWaitsForIt) {
    const auto id = keep();
    replays.holds = true;
    auto socket = connect();
    socket.send(head("POST", path_of(id, "/replay")));
    auto other = connect();
    other.send(head("POST", path_of(id, "/replay")));
    socket.close();
    other.close();
    EXPECT_TRUE(replays.wait_for_cancel());
    replays.finish_held();  // nobody waits for it any more
    EXPECT_EQ(get("/api/v1/status").status, 200U);
}

TEST_F(InspectorHttp, WatchesAreKeptAndEnded) {
    const auto id = keep();
    EXPECT_EQ(send_json("POST", path_of(id, "/watch"), "{}").status, 201U);
    EXPECT_EQ(get("/api/v1/watches").json.at("items").at(0).at("id"), to_string(id));
    EXPECT_EQ(get("/api/v1/status").json.at("watches").at(0), to_string(id));
    EXPECT_EQ(ask("DELETE", path_of(id, "/watch")).status, 204U);
    EXPECT_EQ(ask("DELETE", path_of(id, "/watch")).status, 404U);
}

TEST_F(InspectorHttp, NgroksShapesAreServed) {
    const auto id = keep();
    const auto tunnels = get("/api/tunnels").json;
    EXPECT_EQ(tunnels.at("tunnels").at(0).at("public_url"), "https://app.example.dev");
    EXPECT_EQ(get(tunnels.at("tunnels").at(0).at("uri").get<std::string>()).json.at("name"), "command_line");
    const auto one = get("/api/requests/http?limit=1&tunnel_name=command_line").json.at("requests").at(0);
    EXPECT_EQ(one.at("duration"), 41'000'000);
    EXPECT_EQ(one.at("response").at("status"), "200 OK");
    EXPECT_EQ(one.at("request").at("headers").at("X-Twice"), nlohmann::json::array({"a", "b"}));
    EXPECT_EQ(from_base64(one.at("request").at("raw").get<std::string>()),
              sample_record().request.raw_received + sample_record().request.body.bytes);
    EXPECT_EQ(get(one.at("uri").get<std::string>()).json, one);
    EXPECT_TRUE(get("/api/requests/http?tunnel_name=other").json.at("requests").empty());
    EXPECT_EQ(send_json("POST", "/api/requests/http", R"({"id":")" + to_string(id) + "\"}").status, 204U);
    EXPECT_THAT(replays.calls().back().ids, ElementsAre(id));
    EXPECT_EQ(ask("DELETE", "/api/requests/http").status, 204U);
    EXPECT_TRUE(get("/api/requests/http").json.at("requests").empty());
    EXPECT_EQ(get("/api/status").json.at("status"), "online");
}

}  // namespace
}  // namespace tunnel::inspector_http
