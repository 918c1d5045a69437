# bash completion of tunnel-server. Made by packaging/settings.py.
_tunnel_server() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    # --flag=value is three words to bash.
    if [[ $word == "=" ]]; then word=; fi
    if [[ $before == "=" ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
    case $before in
        --log-level)
            mapfile -t COMPREPLY < <(compgen -W "trace debug info warn error off" -- "$word")
            return ;;
        --log-format)
            mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word")
            return ;;
        --config)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2>/dev/null
            return ;;
        --http-addr|--tcp-addr|--public-url|--trusted-proxy|--response-timeout|--header-timeout|--idle-timeout|--body-timeout|--drain-timeout|--max-header-bytes|--max-body-bytes|--max-connections|--max-in-flight|--admin-addr|--threads) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "--http-addr --tcp-addr --public-url --no-forwarded-headers --trusted-proxy --response-timeout --header-timeout --idle-timeout --body-timeout --drain-timeout --max-header-bytes --max-body-bytes --max-connections --max-in-flight --admin-addr --threads --log-level --log-format --config --check-config -h --help --version" -- "$word")
}
complete -F _tunnel_server tunnel-server
