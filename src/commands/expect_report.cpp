#include "commands/expect_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "commands/terminal.hpp"

namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;

const json no_items = json::array();

const json& items_of(const json& result, const char* name) {
    const auto found = result.find(name);
    return found == result.end() || !found->is_array() ? no_items : *found;
}

/// "2 requests that match path:/hooks"
std::string requests_text(std::uint64_t count, const std::string& filter) {
    const auto number = count == 0 ? std::string("no") : std::to_string(count);
    auto text = number + (count < 2 ? " request" : " requests");
    if (!filter.empty()) text += (count < 2 ? " that matches " : " that match ") + printable(filter);
    return text;
}

std::string seconds_text(std::chrono::milliseconds time) {
    return fmt::format("{}.{:03}", time.count() / 1000, time.count() % 1000);
}

/// One line without its line end.
std::string headline(const expectation& e, const json& result, std::chrono::milliseconds took) {
    const auto seen = items_of(result, "items").size();
    const auto timeout = printable(e.timeout);
    if (result.value("met", false)) {
        const auto after = e.none ? "within " + timeout : "after " + seconds_text(took) + " s";
        return fmt::format("met {}: {}", after, describe(e));
    }
    if (e.none) return "not met, where none may come: " + requests_text(seen, e.filters[0]);
    if (e.filters.size() > 1) {
        const auto next = std::min(seen, e.filters.size() - 1);
        return fmt::format("not met within {}: no request for filter {} of {}, in this order: {}", timeout, next + 1,
                           e.filters.size(), printable(e.filters[next]));
    }
    return fmt::format("not met within {}: {} of {}", timeout, seen, describe(e));
}

std::string miss_text(const json& miss) {
    auto text = summary_line(miss.value("exchange", json::object()));
    for (const auto& clause : items_of(miss, "unmet")) {
        const auto source = clause.value("clause", "");
        text +=
            "    " + (source.empty() ? "" : printable(source) + ": ") + printable(clause.value("reason", "")) + "\n";
    }
    return text;
}

/// Text of an XML document. Its input went through printable(), so that of the characters that XML 1.0 excludes only
/// U+FFFE and U+FFFF are left.
std::string xml_text(std::string_view text) {
    std::string safe;
    for (; !text.empty(); text.remove_prefix(1)) {
        if (text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF")) {
            safe += '?';
            text.remove_prefix(2);
            continue;
        }
        switch (text.front()) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += text.front();
        }
    }
    return safe;
}

}  // namespace

std::string describe(const expectation& e) {
    if (e.none) return requests_text(0, e.filters[0]);
    if (e.filters.size() == 1) return requests_text(e.count, e.filters[0]);
    std::string text = fmt::format("{} requests in this order", e.filters.size());
    for (std::size_t i = 0; i < e.filters.size(); ++i) text += (i == 0 ? ": " : ", then ") + printable(e.filters[i]);
    return text;
}

std::string report_text(const expectation& e, const json& result, std::chrono::milliseconds took) {
    std::string text;
    for (const auto& item : items_of(result, "items")) text += summary_line(item);
    text += headline(e, result, took) + "\n";
    if (result.value("met", false) || e.none) return text;
    const auto& misses = items_of(result, "misses");
    text += misses.empty() ? "no other request was seen\n" : "nearest:\n";
    for (const auto& miss : misses) text += miss_text(miss);
    return text;
}

std::string junit_text(const expectation& e, const json& result, std::chrono::milliseconds took) {
    const bool met = result.value("met", false);
    const auto time = seconds_text(took);
    auto text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"tunnel-client expect\" tests=\"1\" failures=\"{}\" errors=\"0\" time=\"{}\">\n"
        "  <testcase classname=\"tunnel-client.expect\" name=\"{}\" time=\"{}\">\n",
        met ? 0 : 1, time, xml_text(describe(e)), time);
    const auto report = xml_text(report_text(e, result, took));
    if (met) {
        text += "    <system-out>" + report + "</system-out>\n";
    } else {
        text += "    <failure message=\"" + xml_text(headline(e, result, took)) + "\">" + report + "</failure>\n";
    }
    return text + "  </testcase>\n</testsuite>\n";
}

}  // namespace tunnel::commands
