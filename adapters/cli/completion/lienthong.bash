# SPDX-License-Identifier: Apache-2.0
# Bash completion of lienthong; made by: lienthong completion bash
_lienthong() {
    local current="${COMP_WORDS[COMP_CWORD]}"
    local words="" command="" skip=0 i
    for ((i = 1; i < COMP_CWORD; i++)); do
        if ((skip)); then skip=0; continue; fi
        case "${COMP_WORDS[i]}" in
            --home | --lang | --wait) skip=1 ;;
            -*) ;;
            *) command="${command:+$command }${COMP_WORDS[i]}" ;;
        esac
    done
    case "$command" in
        "") words="init broker node status publish bench report consume inbox case message log audit bundle policy registry key" ;;
        "report") words="outreach completeness" ;;
        "case") words="open handover notify check request acknowledge ask reply extend result certify refer accept consent correct status list timeline" ;;
        "message") words="show section" ;;
        "log") words="show" ;;
        "audit") words="verify compare" ;;
        "bundle") words="export import" ;;
        "policy") words="show explain check diff adopt" ;;
        "registry") words="show add adopt" ;;
        "key") words="list request install issue rotate revoke" ;;
        "init"*) words="--setup --policy --control-endpoint --data-endpoint --home --json --lang --wait" ;;
        "broker"*) words="--home --json --lang --wait" ;;
        "node"*) words="--home --json --lang --wait" ;;
        "status"*) words="--home --json --lang --wait" ;;
        "publish"*) words="--kind --correct --all-or-nothing --skip-others --format --home --json --lang --wait" ;;
        "bench"*) words="--count --size --in-flight --yes-this-is-a-test-bus --home --json --lang --wait" ;;
        "report outreach"*) words="--year --period --agency --activity --territory --until --home --json --lang --wait" ;;
        "report completeness"*) words="--year --period --until --home --json --lang --wait" ;;
        "consume"*) words="--from --max --until --home --json --lang --wait" ;;
        "inbox"*) words="--max --until --home --json --lang --wait" ;;
        "case open"*) words="--data --to --holder --due --key --persons --adults --minors --home --json --lang --wait" ;;
        "case handover"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case notify"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case check"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case request"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case acknowledge"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case ask"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case reply"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case extend"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case result"*) words="--data --to --holder --due --answers --key --outcome --home --json --lang --wait" ;;
        "case certify"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case refer"*) words="--data --to --holder --due --answers --key --persons --adults --minors --home --json --lang --wait" ;;
        "case accept"*) words="--data --to --holder --due --answers --key --persons --adults --minors --yes --decline --home --json --lang --wait" ;;
        "case consent"*) words="--data --to --key --given --withdrawn --for --home --json --lang --wait" ;;
        "case correct"*) words="--data --answers --to --key --home --json --lang --wait" ;;
        "case status"*) words="--officer --purpose --home --json --lang --wait" ;;
        "case list"*) words="--officer --purpose --home --json --lang --wait" ;;
        "case timeline"*) words="--officer --purpose --home --json --lang --wait" ;;
        "message show"*) words="--until --home --json --lang --wait" ;;
        "message section"*) words="--out --plain --home --json --lang --wait" ;;
        "log show"*) words="--from --max --until --home --json --lang --wait" ;;
        "audit verify"*) words="--administrators --administrators-sha256 --home --json --lang --wait" ;;
        "audit compare"*) words="--registry --home --json --lang --wait" ;;
        "bundle export"*) words="--out --home --json --lang --wait" ;;
        "bundle import"*) words="--out --home --json --lang --wait" ;;
        "policy show"*) words="--home --json --lang --wait" ;;
        "policy explain"*) words="--agency --action --kind --section --purpose --home --json --lang --wait" ;;
        "policy check"*) words="--home --json --lang --wait" ;;
        "policy diff"*) words="--home --json --lang --wait" ;;
        "policy adopt"*) words="--home --json --lang --wait" ;;
        "registry show"*) words="--home --json --lang --wait" ;;
        "registry add"*) words="--home --json --lang --wait" ;;
        "registry adopt"*) words="--home --json --lang --wait" ;;
        "key list"*) words="--agency --home --json --lang --wait" ;;
        "key request"*) words="--use --out --home --json --lang --wait" ;;
        "key install"*) words="--home --json --lang --wait" ;;
        "key issue"*) words="--home --json --lang --wait" ;;
        "key rotate"*) words="--agency --use --overlap --home --json --lang --wait" ;;
        "key revoke"*) words="--home --json --lang --wait" ;;
    esac
    if [[ "$current" == -* || "$words" != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -o filenames -F _lienthong lienthong
