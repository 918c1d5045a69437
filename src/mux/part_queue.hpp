#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

#include "tunnel/base/recycled_memory.hpp"

namespace tunnel::mux {

/// One part of a message on its way from strand to strand and through queues: made once, then only its address moves.
/// A part in hand is never empty, unless it was moved from.
template <class Value>
class part {
 public:
    template <class From>
        requires std::constructible_from<Value, From> && (!std::same_as<std::remove_cvref_t<From>, part>)
    // A message converts to a part.
    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions,bugprone-forwarding-reference-overload)
    part(From&& from) : node_(std::make_unique<node>(std::forward<From>(from))) {}

    [[nodiscard]] Value& operator*() const noexcept { return node_->value; }
    [[nodiscard]] Value* operator->() const noexcept { return &node_->value; }

 private:
    template <class>
    friend class part_queue;

    struct node {
        template <class From>
        explicit node(From&& from) : value(std::forward<From>(from)) {}

        // Each request has some, so they do not go through the allocator.
        [[nodiscard]] static void* operator new(std::size_t size) { return take_memory(size).data; }
        static void operator delete(void* at, std::size_t size) noexcept {
            give_memory_back(static_cast<char*>(at), size);
        }

        Value value;
        std::unique_ptr<node> next;
    };

    explicit part(std::unique_ptr<node> n) noexcept : node_(std::move(n)) {}

    std::unique_ptr<node> node_;
};

/// Parts in order. Costs nothing besides the parts.
template <class Value>
class part_queue {
 public:
    part_queue() noexcept = default;
    part_queue(const part_queue&) = delete;
    part_queue& operator=(const part_queue&) = delete;
    ~part_queue() { clear(); }

    [[nodiscard]] bool empty() const noexcept { return !first_; }
    [[nodiscard]] Value& front() const noexcept { return first_->value; }
    [[nodiscard]] Value& back() const noexcept { return last_->value; }

    void push(part<Value> p) noexcept {
        assert(p.node_);
        auto* added = p.node_.get();
        (first_ ? last_->next : first_) = std::move(p.node_);
        last_ = added;
    }
    [[nodiscard]] part<Value> pop() noexcept {
        auto taken = std::move(first_);
        first_ = std::move(taken->next);
        return part<Value>(std::move(taken));
    }
    // One by one: nested destructors would go as deep as the queue is long.
    void clear() noexcept {
        while (first_) first_ = std::move(first_->next);
    }

 private:
    std::unique_ptr<typename part<Value>::node> first_;
    typename part<Value>::node* last_ = nullptr;
};

}  // namespace tunnel::mux
