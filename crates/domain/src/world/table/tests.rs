use super::*;

#[test]
fn what_is_not_there_is_forgotten_with_the_batch() {
    let mut table: Table<String, u32> = Table::new(false);
    table.load("there".into(), Some(1));
    for made_up in 0..1_000 {
        table.load(format!("made up {made_up}"), None);
    }
    table.load("comes".into(), None);
    table.put("comes".into(), 2);
    table.load("goes".into(), Some(3));
    table.remove(&"goes".into());
    table.settle(100);
    assert_eq!((table.get_known("there"), table.get_known("comes")), (Some(&1), Some(&2)), "rows are kept");
    assert!(!table.knows("made up 7") && !table.knows("goes"), "what is absent is looked up again");
    assert_eq!(table.rows.len(), 2, "callers cannot fill it with what they make up");
}

#[test]
fn more_rows_than_it_may_keep_are_all_forgotten() {
    let mut table: Table<u32, u32> = Table::new(false);
    (0..101).for_each(|key| table.load(key, Some(key)));
    table.settle(100);
    assert!(!table.knows(&0));
}
