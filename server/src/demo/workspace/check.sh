# Checks report.sh on the visits in visits.log.

. ./report.sh

failed=0
expect() {
    if [ "$2" = "$3" ]; then
        echo "ok      $1"
    else
        echo "FAILED  $1: expected '$2', got '$3'"
        failed=1
    fi
}

expect "the busiest page comes first" "4 /home" "$(busiest visits.log 1)"
expect "as many pages as asked for" 2 "$(busiest visits.log 2 | wc -l | tr -d ' ')"
expect "every visitor counts once" 5 "$(visitors visits.log)"
exit "$failed"
