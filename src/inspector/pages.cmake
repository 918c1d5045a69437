# The pages, as constants of the inspector's library.
include(${PROJECT_SOURCE_DIR}/cmake/embed.cmake)

set(page_files
    index.html
    unauthorized.html
    favicon.svg
    theme.js
    main.js
    body/body_view.js
    body/forms.js
    body/hex.js
    body/json_parser.js
    body/json_tree.js
    body/kind.js
    body/text.js
    data/api.js
    data/filter_terms.js
    data/live.js
    data/place.js
    data/record_store.js
    data/types.js
    style/base.css
    style/body.css
    style/controls.css
    style/detail.css
    style/filter.css
    style/layout.css
    style/list.css
    style/overlay.css
    style/tabs.css
    tabs/context.js
    tabs/diff.js
    tabs/message.js
    tabs/messages.js
    tabs/parts.js
    tabs/raw.js
    tabs/signature.js
    tabs/summary.js
    tabs/timing.js
    view/actions.js
    view/buttons.js
    view/chart.js
    view/detail.js
    view/dialog.js
    view/dom.js
    view/edit_dialog.js
    view/facets.js
    view/fault_dialog.js
    view/filter_bar.js
    view/format.js
    view/header.js
    view/icons.js
    view/keys.js
    view/menu.js
    view/record_list.js
    view/record_menus.js
    view/record_row.js
    view/status_mark.js
    view/toast.js)
set(page_table ${CMAKE_CURRENT_BINARY_DIR}/page_table.cpp)
tunnel_embed(${page_table} ${CMAKE_CURRENT_LIST_DIR}/pages ${page_files})

target_sources(tunnel_inspector PRIVATE ${page_table})
