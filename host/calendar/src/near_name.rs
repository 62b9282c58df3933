/// Names longer than this are compared with nothing.
const LONGEST_NAME: usize = 64;

/// Returns the name that a wrongly written one most likely means: one with the same last part (`vancouver`), or
/// the one with the fewest differences.
pub(crate) fn near_name<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.is_empty() || wrong.len() > LONGEST_NAME {
        return None;
    }
    let wrong = wrong.to_lowercase().replace(' ', "_");
    let most = 1 + wrong.len() / 6;
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let lower = name.to_lowercase();
        let distance = match lower.rsplit_once('/') {
            Some((_, last)) if last == wrong => 0,
            _ => differences(&wrong, &lower),
        };
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Returns the smallest number of inserted, removed and replaced characters between two texts.
fn differences(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..right.len() {
            let replaced = diagonal + usize::from(character != right[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_counted() {
        assert_eq!(differences("kitten", "sitting"), 3);
        assert_eq!(differences("", "abc"), 3);
        assert_eq!(differences("same", "same"), 0);
    }
}
