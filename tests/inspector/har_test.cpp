#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "inspector/body_capture.hpp"
#include "inspector/export.hpp"
#include "inspector/export_parts.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

using nlohmann::json;

json har_of(const std::vector<record>& records) {
    exporter writer(export_format::har, {true, {}});
    auto text = writer.begin();
    for (const auto& r : records) text += writer.next(r);
    return json::parse(text + writer.end());
}

std::vector<record> imported(const std::string& text, std::string* error = nullptr) {
    std::vector<record> all;
    const auto result = import_records(text, [&](record r) { all.push_back(std::move(r)); });
    if (error) *error = result.error;
    if (!error) {
        EXPECT_EQ(result.error, "");
    }
    EXPECT_EQ(result.records, all.size());
    return all;
}

void expect_type(const json& object, const char* name, json::value_t type, bool required = true) {
    if (!object.contains(name)) {
        EXPECT_FALSE(required) << name << " is missing in " << object.dump();
        return;
    }
    const auto& value = object.at(name);
    const bool number = type == json::value_t::number_float && value.is_number();
    EXPECT_TRUE(number || value.type() == type) << name << " of " << object.dump();
}

void expect_pairs(const json& object, const char* name) {
    expect_type(object, name, json::value_t::array);
    for (const auto& item : object.at(name)) {
        expect_type(item, "name", json::value_t::string);
        expect_type(item, "value", json::value_t::string);
    }
}

/// The rules of the HAR 1.2 schema, and those by which Chrome refuses a file.
void expect_valid_entry(const json& entry) {
    const auto number = json::value_t::number_float;
    const auto string = json::value_t::string;
    EXPECT_THAT(entry.at("startedDateTime").get<std::string>(),
                testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]+Z"));
    EXPECT_GE(entry.at("time").get<double>(), 0);
    const auto& request = entry.at("request");
    for (const char* name : {"method", "url", "httpVersion"}) expect_type(request, name, string);
    for (const char* name : {"cookies", "headers", "queryString"}) expect_pairs(request, name);
    for (const char* name : {"headersSize", "bodySize"}) expect_type(request, name, number);
    if (request.contains("postData")) {
        expect_type(request.at("postData"), "mimeType", string);
        expect_type(request.at("postData"), "text", string);
        expect_pairs(request.at("postData"), "params");
    }
    const auto& response = entry.at("response");
    for (const char* name : {"statusText", "httpVersion", "redirectURL"}) expect_type(response, name, string);
    for (const char* name : {"cookies", "headers"}) expect_pairs(response, name);
    for (const char* name : {"status", "headersSize", "bodySize"}) expect_type(response, name, number);
    expect_type(response.at("content"), "size", number);
    expect_type(response.at("content"), "mimeType", string);
    expect_type(response.at("content"), "text", string, false);
    EXPECT_TRUE(entry.at("cache").is_object());
    double sum = 0;
    for (const char* name : {"blocked", "dns", "connect", "ssl", "send", "wait", "receive"}) {
        const double value = entry.at("timings").at(name).get<double>();
        const bool may_be_unknown = std::string_view{"send wait receive"}.find(name) == std::string_view::npos;
        EXPECT_TRUE(value >= 0 || (may_be_unknown && value == -1)) << name;
        sum += std::max(value, 0.0);
    }
    EXPECT_NEAR(entry.at("time").get<double>(), sum, 1e-6);
    for (const auto& [name, value] : entry.items()) {
        EXPECT_TRUE(name.starts_with("_") ||
                    std::string_view{"startedDateTime time request response cache timings"}.find(name) !=
                        std::string_view::npos)
            << name;
    }
}

TEST(Har, EveryRecordMakesAValidEntryAndIsReadBackEqual) {
    std::mt19937 random(3);
    std::vector<record> all{sample_record()};
    for (int i = 0; i < 300; ++i) all.push_back(random_record(random));
    const auto har = har_of(all);
    const auto& log = har.at("log");
    EXPECT_EQ(log.at("version"), "1.2");
    EXPECT_TRUE(log.at("creator").at("name").is_string());
    EXPECT_TRUE(log.at("creator").at("version").is_string());
    for (const auto& entry : log.at("entries")) expect_valid_entry(entry);
    const auto back = imported(har.dump());
    ASSERT_EQ(back.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(back[i], all[i]) << i;
}

TEST(Har, NdjsonIsReadBackEqualToo) {
    std::mt19937 random(4);
    exporter writer(export_format::ndjson, {true, {}});
    std::vector<record> all{sample_record()};
    for (int i = 0; i < 300; ++i) all.push_back(random_record(random));
    std::string text;
    for (const auto& r : all) text += writer.next(r);
    EXPECT_EQ(imported(text), all);
}

TEST(Har, SizesAreOfTheDecodedBodyAndOfTheWire) {
    auto r = sample_record();
    // Empty JSON object, gzip.
    const std::string packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00",
                             22);
    r.response.fields = {{"Content-Encoding", "gzip"}, {"Content-Type", "application/json"}};
    r.response.body = copy_body(packed);
    const auto response = har_of({r}).at("log").at("entries").at(0).at("response");
    EXPECT_EQ(response.at("content").at("text"), "{}");
    EXPECT_EQ(response.at("content").at("size"), 2);
    EXPECT_EQ(response.at("bodySize"), 22);
}

TEST(Har, AFailureHasStatusZeroAndItsError) {
    auto r = sample_record();
    r.response = {};
    r.outcome = "app_unreachable";
    const auto entry = har_of({r}).at("log").at("entries").at(0);
    expect_valid_entry(entry);
    EXPECT_EQ(entry.at("response").at("status"), 0);
    EXPECT_EQ(entry.at("response").at("_error"), "app_unreachable");
}

TEST(Har, BinaryBodiesAndMessagesUseTheExtensionsOfOthers) {
    auto r = sample_record();
    r.request.body = copy_body(std::string("\0\xFF", 2));
    const auto entry = har_of({r}).at("log").at("entries").at(0);
    EXPECT_EQ(entry.at("request").at("_requestBodyStatus"), "discarded:not-representable");
    EXPECT_EQ(entry.at("request").at("_content").at("text"), "AP8=");
    EXPECT_EQ(entry.at("_resourceType"), "websocket");
    EXPECT_EQ(entry.at("_webSocketMessages").at(0).at("type"), "send");
    EXPECT_EQ(entry.at("_webSocketMessages").at(0).at("data"), "hello");
    EXPECT_EQ(entry.at("_webSocketMessages").at(1).at("opcode"), 2);
}

TEST(Har, AFileOfAnotherProgramIsRead) {
    const auto all = imported(R"({"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[{
        "startedDateTime":"2014-12-15T20:32:07.123-08:00","time":12,
        "request":{"method":"POST","url":"https://a.example/x?y=1#z","headers":[{"name":"A","value":"b"}],
                   "postData":{"mimeType":"text/plain","text":"hello"},"bodySize":5},
        "response":{"status":200,"headers":[{"name":"Content-Encoding","value":"gzip"},{"name":"B","value":"c"}],
                    "content":{"size":2,"mimeType":"text/plain","text":"b2s=","encoding":"base64"}},
        "cache":{},"timings":{"blocked":1,"connect":-1,"send":2,"wait":3,"receive":4}}]}})");
    ASSERT_EQ(all.size(), 1U);
    const auto& r = all[0];
    EXPECT_EQ(r.id, 0U);
    EXPECT_EQ(r.origin, record_origin::import);
    EXPECT_EQ(r.state, record_state::complete);
    EXPECT_EQ(r.request.target, "/x?y=1");
    EXPECT_EQ(r.request.body, copy_body("hello"));
    EXPECT_EQ(r.response.body, copy_body("ok"));
    EXPECT_EQ(r.response.fields, (field_lines{{"B", "c"}}));
    EXPECT_EQ(r.phases.last_byte, duration(10'000));
    EXPECT_EQ(r.phases.connected, std::nullopt);
    EXPECT_EQ(r.arrived.time_since_epoch().count(), 1418704327123000);
}

TEST(Har, ErrorsNameTheirPlace) {
    const auto error_of = [](const std::string& text) {
        std::string error;
        imported(text, &error);
        return error;
    };
    EXPECT_EQ(error_of("{}\n"), "line 1: key 'arrived' not found");
    EXPECT_EQ(error_of("\n\nnot json"), "line 3: it is not JSON");
    EXPECT_EQ(error_of(R"({"log":{}})"), "the log has no list of entries");
    EXPECT_EQ(error_of(R"({"log":{"entries":[{}]}})"), "entry 0: key 'request' not found");
    EXPECT_THAT(error_of(R"({"log":5})"), testing::HasSubstr("no list of entries"));
    EXPECT_EQ(error_of(""), "");
}

TEST(Har, AnEntryOfManySmallValuesIsRefusedBeforeItIsParsed) {
    const auto entry = har_entry(sample_record(7));
    std::string many = "[";
    while (many.size() < limits::mib) many += "{},{},{},{},";
    many += "{}]";
    EXPECT_THAT(imported(R"({"other":)" + many + R"(,"log":{"pages":)" + many + R"(,"entries":[)" + entry + "]}}"),
                testing::SizeIs(1))
        << "what is not read costs nothing";
    std::string error;
    EXPECT_THAT(imported(R"({"log":{"entries":[)" + entry + "," + many + "]}}", &error), testing::SizeIs(1));
    EXPECT_EQ(error, "entry 1: it nests too deep or has too many values");
    EXPECT_THAT(imported(R"({"request":)" + many + "}", &error), testing::IsEmpty());
    EXPECT_EQ(error, "line 1: it nests too deep or has too many values");
}

TEST(Har, TheListIsFoundWhereverItStands) {
    const auto entry = har_entry(sample_record(7));
    const auto list = " [ " + entry + " , " + entry + "\n]";
    for (const auto& file : {
             R"({"log":{"entries":)" + list + "}}",
             R"({ "a" : {"log":{"entries":[1]}}, "log" : { "b":"entries", "c":["log",{"entries":[1]}], "entries" :)" +
                 list + R"(, "d":[1,2]}, "entries":[3], "e":{"entries":[4]}})",
             R"({"log":{"x\"entries":[1],"entries":[],"entries":)" + list + "}}",
         }) {
        EXPECT_THAT(imported(file), testing::SizeIs(2)) << file;
    }
    EXPECT_THAT(imported(R"({"log":{"entries":[ ]}})"), testing::IsEmpty());
}

TEST(Har, EntriesThatAreNotObjectsAreErrors) {
    for (const auto* entry : {"1", "[]", "null", "\"text\"", "{}"}) {
        std::string error;
        EXPECT_THAT(imported(std::string(R"({"log":{"entries":[)") + entry + "]}}", &error), testing::IsEmpty());
        EXPECT_THAT(error, testing::StartsWith("entry 0: ")) << entry;
    }
    std::string error;
    EXPECT_THAT(imported(R"({"log":{"entries":{"a":{"b":1}}}})", &error), testing::IsEmpty());
    EXPECT_EQ(error, "the log has no list of entries");
    EXPECT_THAT(imported(R"({"log":[1]})", &error), testing::IsEmpty());
    EXPECT_EQ(error, "the log has no list of entries");
}

TEST(Har, AFileThatIsCutOffImportsNothing) {
    const auto text = R"({"log":{"entries":[)" + har_entry(sample_record(7)) + "]}}";
    std::string error;
    EXPECT_THAT(imported(text.substr(0, text.size() - 1), &error), testing::IsEmpty());
    EXPECT_NE(error, "");
}

}  // namespace
}  // namespace tunnel::inspector
