#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "inspector/history_file.hpp"
#include "inspector/record_id.hpp"

namespace tunnel::inspector {

namespace {

/// When a process began, as the kernel counts it: with the id it names the process. Empty where /proc does not tell.
std::string start_of(std::int64_t pid) {
    constexpr int fields_behind_name = 20;  // of /proc/PID/stat, up to `starttime`
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(text.substr(name_end + 1));
    std::string field;
    for (int i = 0; i < fields_behind_name; ++i) fields >> field;
    return field;
}

bool is_running(std::int64_t pid, const std::string& started) {
    if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return false;
    return start_of(pid) == started;
}

void forget_ended_sessions(sqlite::connection& database) {
    std::vector<std::int64_t> ended;
    auto sessions = database.prepare("SELECT number, pid, started FROM session");
    while (sessions.step()) {
        if (!is_running(sessions.integer(1), sessions.text(2))) ended.push_back(sessions.integer(0));
    }
    for (const auto number : ended) database.execute(fmt::format("DELETE FROM session WHERE number = {}", number));
}

}  // namespace

unsigned claim_session(sqlite::connection& database) {
    sqlite::transaction all(database);
    forget_ended_sessions(database);
    const auto last = database.integer("SELECT last_session FROM totals");
    auto number = last;
    do {
        number = (number + 1) % id_source::sessions;
    } while (number != last &&
             database.integer(fmt::format("SELECT count(*) FROM session WHERE number = {}", number)) != 0);
    database.prepare("INSERT OR REPLACE INTO session VALUES (?, ?, ?)")
        .bind(1, number)
        .bind(2, std::int64_t{::getpid()})
        .bind(3, std::string_view{start_of(::getpid())})
        .run();
    database.execute(fmt::format("UPDATE totals SET last_session = {}", number));
    // The session's number is part of the id, see id_source.
    database.execute(
        fmt::format("UPDATE exchange SET state = {}, outcome = 'client_ended' WHERE state = {} AND "
                    "((id >> 10) & {}) NOT IN (SELECT number FROM session WHERE number <> {})",
                    static_cast<int>(record_state::aborted), static_cast<int>(record_state::pending),
                    id_source::sessions - 1, number));
    all.commit();
    return static_cast<unsigned>(number);
}

void release_session(sqlite::connection& database, unsigned session) noexcept {
    try {
        database.execute(fmt::format("DELETE FROM session WHERE number = {}", session));
    } catch (const sqlite::error&) {
        // The next program to open the file finds that this one has ended.
        return;
    }
}

}  // namespace tunnel::inspector
