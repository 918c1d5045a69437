# bash completion of tunnel-client. Made by packaging/settings.py.
_tunnel_client() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    # --flag=value is three words to bash.
    if [[ $word == "=" ]]; then word=; fi
    if [[ $before == "=" ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
    case $before in
        --host-header)
            mapfile -t COMPREPLY < <(compgen -W "preserve rewrite" -- "$word")
            return ;;
        --history)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2>/dev/null
            return ;;
        --secrets)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2>/dev/null
            return ;;
        --webhook-schemes)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2>/dev/null
            return ;;
        --stub)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2>/dev/null
            return ;;
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
        --server-addr|-p|--local-port|--local-host|--proxy|--compress|--connect-timeout|--local-connect-timeout|--wait-for-app|--drain-timeout|--max-header-bytes|--inspect-addr|--inspect-token|--inspect-body-bytes|--history-bytes|--history-count|--history-age|--fault|--admin-addr|--threads) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "--server-addr -p --local-port --local-host --proxy --host-header --echo --exit-when-replaced --raw-bodies --compress --connect-timeout --local-connect-timeout --wait-for-app --drain-timeout --max-header-bytes --inspect-addr --inspect-token --inspect-body-bytes --history --history-bytes --history-count --history-age --secrets --webhook-schemes --fault --stub --admin-addr --threads --log-level --log-format --config --check-config -h --help --version" -- "$word")
}
complete -F _tunnel_client tunnel-client
