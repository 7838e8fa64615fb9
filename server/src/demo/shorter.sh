# Reports on the visits to a site. Each line of a log names a visitor and a page.

# The pages that were visited most, the busiest first: busiest LOG COUNT
busiest() {
    cut -d ' ' -f 2 "$1" | sort | uniq -c | sort -rn | head -n "$2" | sed 's/^ *//'
}

# TODO: leave out robots
# How many different visitors there were: visitors LOG
visitors() {
    cut -d ' ' -f 1 "$1" | sort -u | wc -l | tr -d ' '
}
