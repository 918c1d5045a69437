#include "inspector/page_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "inspector/pattern.hpp"

namespace tunnel::inspector {

namespace {

const std::filesystem::path folder = TUNNEL_PAGES_FOLDER;

std::string contents(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream{file, std::ios::binary}.rdbuf();
    return text.str();
}

/// What the file refers to, as paths of request targets: strings after one of `words`.
std::set<std::string> references(const page_file& file, const std::vector<std::string_view>& words) {
    std::set<std::string> found;
    for (const auto before : words) {
        for (auto at = file.bytes.find(before); at != std::string_view::npos; at = file.bytes.find(before, at + 1)) {
            const auto rest = file.bytes.substr(at + before.size());
            if (!rest.starts_with('"')) continue;
            const std::filesystem::path path = rest.substr(1, rest.find('"', 1) - 1);
            if (path.extension() != ".js" && path.extension() != ".css" && path.extension() != ".svg") continue;
            found.insert((std::filesystem::path{file.path}.parent_path() / path).lexically_normal().string());
        }
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
        for (const auto& reference : references(file, {"from ", "import(", "href=", "src="})) {
            EXPECT_TRUE(find_page_file(reference)) << file.path << " refers to " << reference;
        }
        // No file names another origin, but for the namespace of SVG and the greeting in the filter's help.
        EXPECT_EQ(file.bytes.find("//cdn"), std::string_view::npos) << file.path;
        EXPECT_EQ(file.bytes.find("innerHTML"), std::string_view::npos) << file.path;
    }
}

/// Else the browser learns of a module only once it has read those that import it, and asks for it so much later.
TEST(PageFiles, TheIndexPreloadsEveryModule) {
    std::set<std::string> reached{"/main.js"};
    for (std::vector<std::string> next{"/main.js"}; !next.empty();) {
        const auto* file = find_page_file(next.back());
        next.pop_back();
        for (const auto& reference : references(*file, {"from "})) {
            if (reached.insert(reference).second) next.push_back(reference);
        }
    }
    const auto index = find_page_file("/")->bytes;
    for (const auto& module : reached) {
        if (module == "/main.js") continue;
        EXPECT_NE(index.find("<link rel=\"modulepreload\" href=\"" + module + "\">"), std::string_view::npos) << module;
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

TEST(PageFiles, TheIndexThatIsServedRefersToItsVersion) {
    EXPECT_EQ(page_prefix().size(), std::string_view("/v-0123456789abcdef").size());
    const auto plain = references(*find_page_file("/"), {"href=", "src="});
    auto served = *find_page_file("/");
    served.bytes = versioned_index();
    const auto below = references(served, {"href=", "src="});
    EXPECT_EQ(below.size(), plain.size());
    for (const auto& reference : below) {
        ASSERT_TRUE(reference.starts_with(page_prefix() + "/")) << reference;
        EXPECT_TRUE(plain.contains(reference.substr(page_prefix().size()))) << reference;
    }
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
    const auto compiled = pattern::compile(R"re(<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=")re");
    ASSERT_TRUE(std::holds_alternative<pattern>(compiled));
    const auto& inline_code = std::get<pattern>(compiled);
    for (const auto& file : page_files()) {
        if (!file.path.ends_with(".html")) continue;
        EXPECT_FALSE(inline_code.found_in(file.bytes)) << file.path;
    }
}

}  // namespace

}  // namespace tunnel::inspector
