//! The header of a block: its name, how many of its tasks are done, what needs somebody, and when it last changed. Pure.

use model::Status;

use super::{
    label::{Ink, LabelTier, line_px},
    text::{self, Age},
};

/// Free pixels at both ends of a header, at a desk.
pub(crate) const PAD_PX: f32 = 8.0;
/// The height of a header by the size of its text.
const HEIGHT_PER_FONT: f32 = 1.5;
/// Spaces between two parts.
const GAP: &str = "   ";
/// The least width of a shortened name over a block without a header, in em.
const OVERLAY_LEAST_EM: f32 = 6.0;

/// What a header could show.
#[derive(Debug, Clone, Default)]
pub(super) struct HeaderFacts<'a> {
    /// The name of the block.
    pub(super) name: &'a str,
    /// Tasks that are done.
    pub(super) done: u32,
    /// All tasks.
    pub(super) all: u32,
    /// Whether `all` alone is shown: nothing in the block is ever done.
    pub(super) counts_all: bool,
    /// Workflows that it stands for, if it is the block of finished ones: shown instead of tasks.
    pub(super) workflows: u32,
    /// How many tasks are in each status that needs somebody, the most severe first; none is zero.
    pub(super) tally: &'a [(Status, u32)],
    /// How long ago something in it changed.
    pub(super) age: Option<Age>,
}

/// A part of a header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeaderPart {
    /// Its text, with the gap before it.
    pub(super) text: String,
    /// Its colour.
    pub(super) ink: Ink,
}

/// The text of a header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeaderText {
    /// The parts from left to right, which begin at the left end.
    pub(super) parts: Vec<HeaderPart>,
    /// The age at the right end.
    pub(super) age: Option<Age>,
    /// The font size of all parts.
    pub(super) tier: LabelTier,
    /// Whether something of the name was left out.
    pub(super) is_shortened: bool,
}

/// The largest size of text for a header of this height, logical pixels; `None` where none is readable.
fn tier_for(height_px: f32, scale: f32) -> Option<LabelTier> {
    let fits = |tier: &LabelTier| tier.base_px() * scale * HEIGHT_PER_FONT <= height_px + 0.5;
    let mut tiers = [LabelTier::Title, LabelTier::Name, LabelTier::Body].into_iter();
    let small = || (line_px(LabelTier::Small.base_px() * scale) <= height_px + 0.5).then_some(LabelTier::Small);
    tiers.find(fits).or_else(small)
}

impl HeaderFacts<'_> {
    /// What is counted, and a text as wide as that becomes while tasks are done.
    fn count(&self) -> Option<[String; 2]> {
        let digits = "0".repeat(self.all.to_string().len());
        match *self {
            Self { workflows: 2.., .. } => Some([(); 2].map(|()| format!("  {} workflows", self.workflows))),
            Self { all: 0, .. } => None,
            Self {
                counts_all: true, all, ..
            } => Some([format!("  {all}"), format!("  {digits}")]),
            Self { done, all, .. } => Some([format!("  {done}/{all}"), format!("  {digits}/{digits}")]),
        }
    }
}

/// The text of a header of this size, logical pixels, at a text scale. `None` where no text is readable in it.
pub(super) fn header(facts: &HeaderFacts, width_px: f32, height_px: f32, scale: f32) -> Option<HeaderText> {
    let tier = tier_for(height_px, scale)?;
    let font = tier.base_px() * scale;
    let room = width_px - 2.0 * PAD_PX * scale.max(1.0);
    let width = |text: &str| text::width(text, font);
    let part = |text: String, ink: Ink| HeaderPart { text, ink };

    let count = facts.count();
    let count_px = count.as_ref().map_or(0.0, |[_, widest]| width(widest));
    let tally = |in_words: bool| -> Vec<HeaderPart> {
        let tallied = facts.tally.iter();
        tallied
            .map(|&(status, count)| {
                let text = if in_words {
                    format!("{GAP}{count} {}", status.word())
                } else {
                    format!("{GAP}{count}")
                };
                part(text, Ink::Status(status))
            })
            .collect()
    };
    let (words, numbers) = (tally(true), tally(false));
    let parts_px = |parts: &[HeaderPart]| parts.iter().map(|part| width(&part.text)).sum::<f32>();
    let age_px = facts.age.as_ref().map_or(0.0, |age| width(GAP) + width(&age.widest));
    let name_px = width(facts.name);

    // From everything to the name alone: the tally in words, the tally in numbers, the count; each with the age first.
    let ways: [(Option<&[HeaderPart]>, bool); 5] = [
        (Some(&words), true),
        (Some(&words), false),
        (Some(&numbers), true),
        (Some(&numbers), false),
        (Some(&[]), false),
    ];
    let way = ways.into_iter().find(|(tally, has_age)| {
        let tally_px = tally.map_or(0.0, parts_px);
        name_px + count_px + tally_px + if *has_age { age_px } else { 0.0 } <= room
    });
    let (tally, has_age) = way.unwrap_or((None, false));
    let name = text::shorten(facts.name, font, room);
    let mut parts = Vec::new();
    let is_shortened = name.as_ref().is_none_or(|name| name.is_shortened);
    // In small headers there are many blocks: the names of those in trouble are to be seen first.
    let is_quiet = tier == LabelTier::Small && facts.tally.is_empty();
    let ink = if is_quiet { Ink::Muted } else { Ink::Text };
    parts.extend(name.map(|name| part(name.text, ink)));
    if let Some(tally) = tally {
        parts.extend(count.map(|[count, _]| part(count, Ink::Muted)));
        parts.extend(tally.iter().cloned());
    }
    (!parts.is_empty()).then(|| HeaderText {
        parts,
        age: facts.age.clone().filter(|_| has_age),
        tier,
        is_shortened,
    })
}

/// Whether a name alone fits into a header of this width, logical pixels, in the smallest letters.
pub(super) fn fits(name: &str, width_px: f32, scale: f32) -> bool {
    let room = width_px - 2.0 * PAD_PX * scale.max(1.0);
    text::width(name, LabelTier::Small.base_px() * scale) <= room
}

/// The names that a block in trouble without a header may have over it, the best first: whole, or shortened to the width of
/// the block.
pub(super) fn overlay_names(name: &str, block_px: f32, scale: f32) -> Vec<text::Shown<String>> {
    let font = LabelTier::Small.base_px() * scale;
    let whole = text::shorten(name, font, f32::INFINITY);
    let short = text::shorten(name, font, block_px.max(OVERLAY_LEAST_EM * font));
    let short = short.filter(|short| short.is_shortened);
    whole.into_iter().chain(short).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TROUBLE: [(Status, u32); 2] = [(Status::Failed, 3), (Status::Blocked, 2)];

    fn facts() -> HeaderFacts<'static> {
        HeaderFacts {
            name: "Payroll quarterly review",
            done: 16,
            all: 42,
            counts_all: false,
            workflows: 1,
            tally: &TROUBLE,
            age: Some(text::age(130.0)),
        }
    }

    fn written(shown: &HeaderText) -> String {
        let parts = shown.parts.iter().map(|part| part.text.as_str());
        let age = shown.age.iter().flat_map(|age| [" | ", &age.text]);
        parts.chain(age).collect()
    }

    #[test]
    fn a_header_leaves_out_the_least_important_first_and_shortens_the_name_last() {
        let at = |width: f32| header(&facts(), width, 20.0, 1.0).map(|shown| written(&shown)).unwrap();
        assert_eq!(
            at(500.0),
            "Payroll quarterly review  16/42   3 failed   2 blocked | 2 min"
        );
        assert_eq!(at(330.0), "Payroll quarterly review  16/42   3 failed   2 blocked");
        assert_eq!(at(290.0), "Payroll quarterly review  16/42   3   2 | 2 min");
        assert_eq!(at(235.0), "Payroll quarterly review  16/42   3   2");
        assert_eq!(at(205.0), "Payroll quarterly review  16/42");
        assert_eq!(at(165.0), "Payroll quarterly review");
        assert_eq!(at(110.0), "Payroll q…view");
        assert_eq!(header(&facts(), 20.0, 20.0, 1.0), None);
    }

    #[test]
    fn what_is_never_done_is_only_counted() {
        let at = |facts: HeaderFacts| header(&facts, 900.0, 20.0, 1.0).map(|shown| written(&shown)).unwrap();
        let calm = HeaderFacts {
            tally: &[],
            age: None,
            ..facts()
        };
        let agents = HeaderFacts {
            counts_all: true,
            ..calm.clone()
        };
        assert_eq!(at(agents), "Payroll quarterly review  42");
        let folded = HeaderFacts { workflows: 7, ..calm };
        assert_eq!(at(folded), "Payroll quarterly review  7 workflows");
    }

    #[test]
    fn text_grows_with_the_header_and_is_left_out_where_it_is_not_readable() {
        let tier = |height: f32, scale: f32| header(&facts(), 900.0, height, scale).map(|shown| shown.tier);
        assert_eq!(tier(12.0, 1.0), None);
        assert_eq!(tier(19.5, 1.0), Some(LabelTier::Small));
        assert_eq!(tier(26.0, 1.0), Some(LabelTier::Name));
        assert_eq!(tier(33.8, 1.0), Some(LabelTier::Title));
        assert_eq!(tier(26.0, 2.0), None);
        assert_eq!(tier(39.0, 2.0), Some(LabelTier::Small));
    }

    #[test]
    fn a_block_without_a_header_has_its_name_whole_or_as_wide_as_it_is() {
        let names = |width: f32| overlay_names("Payroll quarterly review", width, 1.0);
        assert_eq!(names(300.0).len(), 1);
        let [whole, short] = names(100.0).try_into().unwrap();
        assert!(!whole.is_shortened && short.is_shortened);
        assert!(text::width(&short.text, 13.0) <= 100.0);
    }

    proptest! {
        #[test]
        fn all_parts_fit_and_what_does_not_change_stays(
            name in "\\PC{0,80}",
            done in 0..5_000_u32,
            more in 0..5_000_u32,
            failed in 1..500_u32,
            width in 0.0..900.0_f32,
            height in 0.0..60.0_f32,
            age in 0.0..60.0_f64,
            scale in 0.75..3.0_f32,
        ) {
            let tally = [(Status::Failed, failed)];
            let facts = HeaderFacts { name: &name, done, all: done + more, tally: &tally, age: Some(text::age(age)), ..HeaderFacts::default() };
            let Some(shown) = header(&facts, width, height, scale) else { return Ok(()) };
            let font = shown.tier.base_px() * scale;
            let parts: f32 = shown.parts.iter().map(|part| text::width(&part.text, font)).sum();
            let age_px = shown.age.as_ref().map_or(0.0, |age| text::width(&age.text, font));
            prop_assert!(parts + age_px <= width - 2.0 * PAD_PX * scale.max(1.0) + 0.1);
            prop_assert!(line_px(font) <= height + 0.6);
            // Ticking digits do not change what is shown.
            let later = HeaderFacts { done: done + more, age: Some(text::age(59.0)), ..facts.clone() };
            let later = header(&later, width, height, scale).map(|later| (later.parts.len(), later.age.is_some()));
            prop_assert_eq!(later, Some((shown.parts.len(), shown.age.is_some())));
        }
    }
}
