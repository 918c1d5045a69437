#!/usr/bin/env bash
# The container image of static programs as an archive in the OCI layout, the same bytes for the same programs. It needs
# buildah, and no registry. Called by package.sh.
#
# usage: image.sh PROGRAMS ARCHIVE VERSION
set -euo pipefail

programs=$1 archive=$2 version=$3
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A storage of its own: what the user has is neither used nor changed.
buildah=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)

"${buildah[@]}" build --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" --file "$here/Containerfile" \
    --tag "tunnel:$version" "$programs"
"${buildah[@]}" push "tunnel:$version" "oci:$work/layout:tunnel:$version"
tar -C "$work/layout" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX -cf "$archive" blobs index.json oci-layout
