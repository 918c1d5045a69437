#include "inspector/history_file.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "inspector/limits.hpp"
#include "inspector/record_rows.hpp"

namespace tunnel::inspector {

namespace {

/// Opening happens while the program starts, which is not to wait long for another program's lock.
constexpr int open_busy_milliseconds = 250;

constexpr std::array<std::string_view, 3> companions{"", "-wal", "-shm"};

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

void make_folders(const std::filesystem::path& folder) {
    if (folder.empty() || std::filesystem::exists(folder)) return;
    make_folders(folder.parent_path());
    if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) fail(folder.string());
}

bool is_fresh(const sqlite::connection& database) {
    return database.integer("SELECT count(*) FROM sqlite_schema") == 0 &&
           database.integer("PRAGMA application_id") == 0;
}

void check_owner(const sqlite::connection& database) {
    const auto application = database.integer("PRAGMA application_id");
    if (application != history_application_id && !is_fresh(database)) {
        throw unusable_file("it is a database of another program");
    }
    const auto version = database.integer("PRAGMA user_version");
    if (version > history_version) {
        throw unusable_file(
            fmt::format("it has version {} and this program knows versions up to {}", version, history_version));
    }
}

void tune(sqlite::connection& database) {
    database.execute(
        "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;"
        "PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = " +
        std::to_string(limits::journal_bytes));
}

}  // namespace

file_identity identity_of(const std::string& path) noexcept {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino};
}

void prepare_history_file(const std::string& path) {
    make_folders(std::filesystem::path(path).parent_path());
    // SQLite gives its other files the permissions of this one.
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) fail(path);
    struct stat found{};
    const bool wrong_type = ::fstat(file, &found) != 0 || !S_ISREG(found.st_mode);
    const bool open_to_others = !wrong_type && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    const bool failed = open_to_others && ::fchmod(file, S_IRUSR | S_IWUSR) != 0;
    const int why = errno;
    ::close(file);
    if (wrong_type) throw std::runtime_error(path + " is not a regular file");
    if (failed) throw std::system_error(why, std::generic_category(), path);
}

sqlite::connection open_history_file(const std::string& path) {
    sqlite::connection database(path, SQLITE_OPEN_READWRITE, open_busy_milliseconds);
    check_owner(database);
    // Before the first table, or it has no effect.
    if (is_fresh(database)) database.execute("PRAGMA auto_vacuum = INCREMENTAL");
    database.execute("PRAGMA journal_mode = WAL");
    const std::array steps{history_schema()};
    static_assert(steps.size() == history_version);
    migrate(database, steps);
    tune(database);
    if (database.integer("SELECT count(*) FROM totals") != 1) throw unusable_file("it lacks its totals");
    sqlite3_busy_timeout(database.handle(), static_cast<int>(limits::busy_time.count()));
    return database;
}

sqlite::connection open_memory_history(const std::string& name) {
    sqlite::connection database(name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
                                static_cast<int>(limits::busy_time.count()));
    database.execute("PRAGMA auto_vacuum = INCREMENTAL");
    const std::array steps{history_schema()};
    migrate(database, steps);
    tune(database);
    return database;
}

void migrate(sqlite::connection& database, std::span<const std::string_view> steps) {
    const auto version = [&] { return static_cast<std::size_t>(database.integer("PRAGMA user_version")); };
    if (version() >= steps.size()) return;
    sqlite::transaction all(database, "BEGIN EXCLUSIVE");
    // Another process may have been faster.
    for (auto step = version(); step < steps.size(); ++step) {
        database.execute(std::string(steps[step]));
        database.execute(fmt::format("PRAGMA user_version = {}", step + 1));
    }
    database.execute(fmt::format("PRAGMA application_id = {}", history_application_id));
    all.commit();
}

std::string set_aside(const std::string& path, const file_identity& file, std::string_view why) {
    if (identity_of(path) != file) return {};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto stem = fmt::format("{}.{}-{:%Y%m%dT%H%M%SZ}", path, why, fmt::gmtime(now));
    auto name = stem;
    for (int n = 2; std::filesystem::exists(name); ++n) name = fmt::format("{}-{}", stem, n);
    // A failure to rename the companions leaves them to be recovered by the new file's owner: SQLite ignores a log that
    // is not of its file.
    for (const auto suffix : companions) {
        const auto from = path + std::string(suffix);
        const auto to = name + std::string(suffix);
        if (::rename(from.c_str(), to.c_str()) != 0 && suffix.empty()) return {};
    }
    return name;
}

}  // namespace tunnel::inspector
