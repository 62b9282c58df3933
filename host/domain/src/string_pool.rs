use std::collections::HashSet;
use std::sync::Arc;

/// Texts, each in memory once. Most names, descriptions and units of a tree are those of many points.
#[derive(Debug, Default)]
pub struct StringPool(HashSet<Arc<str>>);

impl StringPool {
    /// Returns the shared copy of a text; adds it if there is none.
    pub fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text = Arc::from(text);
        self.0.insert(Arc::clone(&text));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_one_copy() {
        let mut texts = StringPool::default();
        let (first, second, other) = (texts.share("kW"), texts.share("kW"), texts.share("A"));
        assert!(Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &other));
        assert_eq!((&*second, &*other), ("kW", "A"));
    }
}
