#include "inspection/kept_token.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/temporary_folder.hpp"

namespace tunnel::inspection {

namespace {

namespace fs = std::filesystem;

class KeptToken : public testing::Test {
 protected:
    [[nodiscard]] std::string path() const { return folder_ / "state/tunnel/inspector-token"; }
    [[nodiscard]] std::string content() const {
        std::ifstream file(path());
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& text) const { std::ofstream(path()) << text; }

    test::temporary_folder folder_;
};

TEST_F(KeptToken, IsTheSameTheNextTime) {
    const auto first = kept_token(path());
    EXPECT_EQ(first.size(), 32U);
    EXPECT_EQ(kept_token(path()), first);
    EXPECT_EQ(content(), first + "\n");
}

TEST_F(KeptToken, IsReadableByItsUserAlone) {
    ASSERT_NE(kept_token(path()), "");
    struct stat file{};
    struct stat folder{};
    ASSERT_EQ(::stat(path().c_str(), &file), 0);
    ASSERT_EQ(::stat(fs::path(path()).parent_path().c_str(), &folder), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    EXPECT_EQ(folder.st_mode & 0777U, 0700U);
}

TEST_F(KeptToken, OneThatOthersCouldReadIsReplaced) {
    const auto first = kept_token(path());
    ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
    const auto second = kept_token(path());
    EXPECT_NE(second, first);
    EXPECT_EQ(second.size(), 32U);
    EXPECT_EQ(kept_token(path()), second);
}

TEST_F(KeptToken, OneThatIsThirtyDaysOldIsReplaced) {
    const auto first = kept_token(path());
    const auto written = fs::last_write_time(path());
    fs::last_write_time(path(), written - std::chrono::hours(29 * 24));
    EXPECT_EQ(kept_token(path()), first);
    fs::last_write_time(path(), written - std::chrono::hours(30 * 24));
    EXPECT_NE(kept_token(path()), first);
}

TEST_F(KeptToken, AnythingElseInTheFileIsReplaced) {
    const auto first = kept_token(path());
    for (const auto& text : {std::string(), std::string("short\n"), first, first + "\n\n", std::string(32, 'X') + "\n",
                             std::string(1 << 20, 'a')}) {
        write(text);
        const auto token = kept_token(path());
        EXPECT_EQ(token.size(), 32U);
        EXPECT_NE(token, first);
        EXPECT_EQ(content(), token + "\n");
    }
}

TEST_F(KeptToken, ALinkIsNotFollowed) {
    const auto first = kept_token(path());
    const auto elsewhere = folder_ / "elsewhere";
    fs::rename(path(), elsewhere);
    fs::create_symlink(elsewhere, path());
    EXPECT_NE(kept_token(path()), first);
    EXPECT_FALSE(fs::is_symlink(path()));
}

TEST_F(KeptToken, APipeIsNotWaitedFor) {
    ASSERT_NE(kept_token(path()), "");
    fs::remove(path());
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    EXPECT_EQ(kept_token(path()).size(), 32U);
}

TEST_F(KeptToken, IsEmptyWhereNoFileCanBeMade) {
    EXPECT_EQ(kept_token(""), "");
    EXPECT_EQ(kept_token("/dev/null/tunnel/inspector-token"), "");
}

}  // namespace

}  // namespace tunnel::inspection
