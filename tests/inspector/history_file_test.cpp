#include "inspector/history_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>

#include "inspector/body_capture.hpp"
#include "inspector/history_fixture.hpp"
#include "inspector/history_reader.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel::inspector {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

mode_t permissions_of(const std::string& path) {
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777;
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
}

std::string set_aside_name(const std::string& folder, const std::string& why) {
    for (const auto& name : names_in(folder)) {
        if (name.starts_with("history.db." + why) && !name.ends_with("-wal") && !name.ends_with("-shm")) return name;
    }
    return {};
}

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class HistoryFile : public testing::Test {
 protected:
    /// One record goes in and comes out.
    void expect_works(history& h) {
        const auto r = fresh_record(h);
        put(h, r);
        h.flush();
        EXPECT_EQ(h.find(r.id), r);
    }
    test::temporary_folder folder_;
    std::string path_ = folder_ / "history.db";
    notices notices_;
};

TEST_F(HistoryFile, IsOpenToItsOwnerOnly) {
    const auto path = folder_ / "a/b/history.db";
    history h(file_settings(path));
    expect_works(h);
    EXPECT_EQ(permissions_of(folder_ / "a"), 0700U);
    EXPECT_EQ(permissions_of(folder_ / "a/b"), 0700U);
    for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(permissions_of(path + suffix), 0600U) << suffix;
}

TEST_F(HistoryFile, LosesPermissionsOfOthers) {
    {
        history h(file_settings(path_));
    }
    ::chmod(path_.c_str(), 0644);
    history h(file_settings(path_));
    EXPECT_EQ(permissions_of(path_), 0600U);
}

TEST_F(HistoryFile, IsKeptOverRestarts) {
    std::vector<record> all;
    for (int run = 0; run < 3; ++run) {
        history h(file_settings(path_), notices_.take());
        all.push_back(fresh_record(h));
        put(h, all.back());
    }
    history h(file_settings(path_), notices_.take());
    for (const auto& r : all) EXPECT_EQ(h.find(r.id), r);
    EXPECT_THAT(notices_.all(), IsEmpty());
}

TEST_F(HistoryFile, OfGarbageIsSetAsideAndANewOneBegun) {
    const std::string garbage(5000, 'g');
    write(path_, garbage);
    history h(file_settings(path_), notices_.take());
    expect_works(h);
    const auto name = set_aside_name(folder_.path(), "corrupt");
    EXPECT_EQ(read(folder_ / name), garbage);
    EXPECT_THAT(notices_.all(), ElementsAre(HasSubstr("was renamed to " + (folder_ / name))));
    EXPECT_EQ(h.status().mode, history_mode::file);
}

TEST_F(HistoryFile, OfAnotherProgramIsSetAside) {
    {
        sqlite::connection other(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 100);
        other.execute("CREATE TABLE cookies(x); INSERT INTO cookies VALUES (5)");
    }
    history h(file_settings(path_), notices_.take());
    expect_works(h);
    const auto name = set_aside_name(folder_.path(), "foreign");
    EXPECT_EQ(sqlite::connection(folder_ / name, SQLITE_OPEN_READONLY, 100).integer("SELECT x FROM cookies"), 5);
    EXPECT_THAT(notices_.all(), ElementsAre(HasSubstr("another program")));
}

TEST_F(HistoryFile, OfANewerVersionIsSetAside) {
    {
        history h(file_settings(path_));
        expect_works(h);
    }
    {
        sqlite::connection newer(path_, SQLITE_OPEN_READWRITE, 100);
        newer.execute("PRAGMA user_version = 99");
    }
    history h(file_settings(path_), notices_.take());
    expect_works(h);
    EXPECT_THAT(notices_.all(), ElementsAre(HasSubstr("version 99")));
    EXPECT_NE(set_aside_name(folder_.path(), "foreign"), "");
}

TEST_F(HistoryFile, ThatIsDamagedWhileInUseIsSetAsideAndNothingStops) {
    history h(file_settings(path_), notices_.take());
    for (int i = 0; i < 200; ++i) {
        auto r = fresh_record(h);
        r.request.body = copy_body(std::string(20'000, 'b'));
        put(h, r);
        if (i % 50 == 49) h.flush();
    }
    h.flush();
    {
        sqlite::connection checkpoint(path_, SQLITE_OPEN_READWRITE, 1000);
        checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    // Every page but the first.
    {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        file << std::string(3'000'000, '\xA5');
    }
    // Whoever meets the damage first, a reader or the writer, has the file set aside.
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (set_aside_name(folder_.path(), "corrupt").empty() && std::chrono::steady_clock::now() < deadline) {
        static_cast<void>(h.list({}));
        put(h, fresh_record(h));
        h.flush();
    }
    EXPECT_NE(set_aside_name(folder_.path(), "corrupt"), "");
    expect_works(h);
    EXPECT_EQ(h.status().mode, history_mode::file);
}

TEST_F(HistoryFile, ThatWasRemovedWhileInUseIsMadeAgain) {
    history h(file_settings(path_), notices_.take());
    expect_works(h);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!std::filesystem::exists(path_) && std::chrono::steady_clock::now() < deadline) {
        put(h, fresh_record(h));
        h.flush();
    }
    EXPECT_TRUE(std::filesystem::exists(path_));
    expect_works(h);
}

TEST_F(HistoryFile, ThatIsLockedIsReplacedByMemoryAtOnce) {
    {
        history h(file_settings(path_));
    }
    sqlite::connection other(path_, SQLITE_OPEN_READWRITE, 100);
    other.execute("BEGIN EXCLUSIVE");
    history h(file_settings(path_), notices_.take());
    expect_works(h);
    EXPECT_EQ(h.status().mode, history_mode::memory);
    EXPECT_THAT(h.status().problem, HasSubstr("locked"));
    EXPECT_THAT(notices_.all(), ElementsAre(HasSubstr("goes on in memory")));
}

TEST_F(HistoryFile, ThatIsAFolderOrMayNotBeMadeIsReplacedByMemory) {
    for (const auto& path :
         {folder_.path(), std::string{"/proc/nothing/history.db"}, std::string{"/dev/null"}, std::string{}}) {
        history h(file_settings(path), notices_.take());
        expect_works(h);
        EXPECT_EQ(h.status().mode, history_mode::memory) << path;
    }
}

TEST_F(HistoryFile, OfTwoProgramsHasTheRecordsOfBoth) {
    history a(file_settings(path_), notices_.take());
    history b(file_settings(path_), notices_.take());
    std::vector<record> all;
    for (int i = 0; i < 50; ++i) {
        auto& h = i % 2 == 0 ? a : b;
        all.push_back(fresh_record(h));
        put(h, all.back());
    }
    a.flush();
    b.flush();
    for (const auto& r : all) {
        EXPECT_EQ(a.find(r.id), r);
        EXPECT_EQ(b.find(r.id), r);
    }
    EXPECT_EQ(a.status().records, 50U);
    EXPECT_THAT(notices_.all(), IsEmpty());
}

TEST_F(HistoryFile, HoldsNothingOfWhatWasCleared) {
    history h(file_settings(path_));
    auto r = fresh_record(h);
    r.request.body = copy_body("very-secret-" + std::string(10'000, 's'));
    put(h, r);
    h.flush();
    h.clear(false);
    h.flush();
    for (const char* suffix : {"", "-wal"})
        EXPECT_EQ(read(path_ + suffix).find("very-secret"), std::string::npos) << suffix;
}

TEST_F(HistoryFile, IsMigratedStepByStepOnce) {
    sqlite::connection database(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 100);
    const std::string_view first = "CREATE TABLE t(a); INSERT INTO t VALUES (1)";
    const std::string_view second = "ALTER TABLE t ADD b; UPDATE t SET b = a + 1";
    migrate(database, std::array{first});
    migrate(database, std::array{first, second});
    migrate(database, std::array{first, second});
    EXPECT_EQ(database.integer("SELECT b FROM t"), 2);
    EXPECT_EQ(database.integer("PRAGMA user_version"), 2);
}

TEST_F(HistoryFile, WhoseMigrationFailsIsLeftAsItWas) {
    sqlite::connection database(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 100);
    const std::string_view first = "CREATE TABLE t(a)";
    const std::string_view broken = "DROP TABLE t; this is not SQL";
    migrate(database, std::array{first});
    EXPECT_THROW(migrate(database, std::array{first, broken}), sqlite::error);
    EXPECT_EQ(database.integer("SELECT count(*) FROM t"), 0);
    EXPECT_EQ(database.integer("PRAGMA user_version"), 1);
}

/// A file system of two megabytes; mounting it needs root.
class HistoryOnFullDisk : public HistoryFile {
 protected:
    void SetUp() override {
        if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=2m") == 0) {
            mounted_ = true;
        } else {
            ASSERT_EQ(errno, EPERM);
        }
    }
    void TearDown() override {
        if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
    }
    bool mounted_ = false;
};

TEST_F(HistoryOnFullDisk, GoesOnInMemoryAndShowsBoth) {
    auto settings = file_settings(path_);
    history h(settings, notices_.take());
    const auto early = fresh_record(h);
    put(h, early);
    h.flush();
    if (mounted_) {
        write(folder_ / "filler", std::string(2 * limits::mib, 'f'));
    } else {
        // Without root the file's own limit stands in for the disk's: SQLite gives the same error.
        GTEST_LOG_(INFO) << "not root: the disk is not filled";
        return;
    }
    std::vector<record> late;
    for (int i = 0; i < 40; ++i) {
        late.push_back(fresh_record(h));
        late.back().request.body = copy_body(std::string(100'000, 'b'));
        put(h, late.back());
        h.flush();
    }
    EXPECT_EQ(h.status().mode, history_mode::memory);
    EXPECT_THAT(notices_.all(), Contains(HasSubstr("full")));
    EXPECT_EQ(h.find(early.id), early);
    for (const auto& r : late) ASSERT_EQ(h.find(r.id), r);
    page_request request;
    request.limit = 500;
    EXPECT_THAT(h.list(request).items, SizeIs(41));
    EXPECT_EQ(h.status().dropped, 0U);
}

}  // namespace
}  // namespace tunnel::inspector
