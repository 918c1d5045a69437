#!/usr/bin/env bash
# Packages NAME-dbgsym with the debug symbols of the programs in the Debian packages NAME, as Debian's own tools make them:
# a debugger finds them by the program's build id. (CPack can make such packages too, but lists their checksums under the
# paths of the machine that it runs on.) Called by package.sh.
#
# usage: debug_symbols.sh BUILD PACKAGES
set -euo pipefail

build=$1 packages=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for package in "$packages"/*.deb; do
    name=$(dpkg-deb --field "$package" Package)
    root=$work/$name
    build_id=$(readelf --notes --wide "$build/bin/$name" | sed -n 's/.*Build ID: //p')
    file=usr/lib/debug/.build-id/${build_id:0:2}/${build_id:2}.debug
    install --directory --mode 755 "$root" "$root/DEBIAN" "$root/$(dirname "$file")" "$root/usr/share/doc"
    objcopy --only-keep-debug --compress-debug-sections "$build/bin/$name" "$root/$file"
    chmod 644 "$root/$file"
    ln -s "$name" "$root/usr/share/doc/$name-dbgsym"
    (cd "$root" && md5sum "$file" >DEBIAN/md5sums)
    cat >"$root/DEBIAN/control" <<CONTROL
Package: $name-dbgsym
Version: $(dpkg-deb --field "$package" Version)
Auto-Built-Package: debug-symbols
Architecture: $(dpkg-deb --field "$package" Architecture)
Maintainer: $(dpkg-deb --field "$package" Maintainer)
Installed-Size: $(($(stat --format %s "$root/$file") / 1024 + 1))
Depends: $name (= $(dpkg-deb --field "$package" Version))
Section: debug
Priority: optional
Description: debug symbols for $name
Build-Ids: $build_id
CONTROL
    dpkg-deb --root-owner-group -Zxz --build "$root" "$work" >/dev/null
done
mv "$work"/*.deb "$packages"
