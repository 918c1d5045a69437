#include "inspector/page_files.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace tunnel::inspector {

namespace {

const std::filesystem::path folder = TUNNEL_PAGES_FOLDER;

std::string contents(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream{file, std::ios::binary}.rdbuf();
    return text.str();
}

/// What the file refers to, as paths of request targets.
std::set<std::string> references(const page_file& file) {
    static const std::regex import_or_attribute{R"re((?:from|import\(|href=|src=)\s*"([^"#]+\.(?:js|css|svg))")re"};
    const std::string text{file.bytes};
    std::set<std::string> found;
    for (std::sregex_iterator match{text.begin(), text.end(), import_or_attribute}, end; match != end; ++match) {
        const std::filesystem::path base{file.path};
        found.insert((base.parent_path() / (*match)[1].str()).lexically_normal().string());
    }
    return found;
}

TEST(PageFiles, AreTheFilesOfTheFolderByteForByte) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (!entry.is_regular_file()) continue;
        ++count;
        const auto path = "/" + entry.path().lexically_relative(folder).string();
        const auto* file = find_page_file(path);
        ASSERT_TRUE(file) << path << " is not listed in src/inspector/pages.cmake";
        EXPECT_EQ(file->bytes, contents(entry.path())) << path;
    }
    EXPECT_EQ(page_files().size(), count);
}

TEST(PageFiles, ReferToNothingButOneAnother) {
    for (const auto& file : page_files()) {
        for (const auto& reference : references(file)) {
            EXPECT_TRUE(find_page_file(reference)) << file.path << " refers to " << reference;
        }
        // No file names another origin, but for the namespace of SVG and the greeting in the filter's help.
        EXPECT_EQ(file.bytes.find("//cdn"), std::string_view::npos) << file.path;
        EXPECT_EQ(file.bytes.find("innerHTML"), std::string_view::npos) << file.path;
    }
}

TEST(PageFiles, TheRootIsTheIndex) {
    ASSERT_TRUE(find_page_file("/"));
    EXPECT_EQ(find_page_file("/"), find_page_file("/index.html"));
    EXPECT_EQ(find_page_file("/")->content_type, "text/html; charset=utf-8");
    EXPECT_EQ(find_page_file("/main.js")->content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(find_page_file("/style/base.css")->content_type, "text/css; charset=utf-8");
    EXPECT_EQ(find_page_file("/favicon.svg")->content_type, "image/svg+xml");
}

TEST(PageFiles, WhatIsNotAFileIsNotFound) {
    for (const auto* path : {"", "main.js", "/main.js/", "/MAIN.JS", "/../main.js", "/style", "/zzz"}) {
        EXPECT_FALSE(find_page_file(path)) << path;
    }
}

TEST(PageFiles, EachHasAnEntityTagOfItsOwn) {
    std::set<std::string_view> tags;
    for (const auto& file : page_files()) {
        EXPECT_EQ(file.etag.size(), 18U) << file.path;
        EXPECT_TRUE(tags.insert(file.etag).second) << file.path;
    }
}

/// The content security policy allows neither, and a browser would drop them without a word to us.
TEST(PageFiles, HaveNoInlineScriptOrStyle) {
    static const std::regex inline_code{R"re(<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=")re"};
    for (const auto& file : page_files()) {
        if (!file.path.ends_with(".html")) continue;
        const std::string text{file.bytes};
        EXPECT_FALSE(std::regex_search(text, inline_code)) << file.path;
    }
}

}  // namespace

}  // namespace tunnel::inspector
