# Reports on the visits to a site. Each line of a log names a visitor and a page.

# The pages that were visited most, the busiest first: busiest LOG COUNT
busiest() {
    log=$1
    count=$2
    table=""
    for page in $(cut -d ' ' -f 2 "$log" | sort -u); do
        visits=0
        while read -r _ visited; do
            if [ "$visited" = "$page" ]; then
                visits=$((visits + 1))
            fi
        done <"$log"
        table="$table$visits $page
"
    done
    printf '%s' "$table" | sort -rn | head -n "$count"
}

# How many different visitors there were: visitors LOG
visitors() {
    cut -d ' ' -f 1 "$1" | sort -u | wc -l | tr -d ' '
}
