/// Returns a number and its noun for people: `1 request`, `2 requests`.
pub fn count_words(count: impl TryInto<u64>, noun: &str) -> String {
    // Only a negative number has none, and nothing is counted below zero.
    let count = count.try_into().unwrap_or_default();
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let requests = |count: usize| count_words(count, "request");
        assert_eq!([requests(0), requests(1), requests(2)], ["0 requests", "1 request", "2 requests"]);
    }
}
