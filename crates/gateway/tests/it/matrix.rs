//! The matrix holds.

#[path = "../matrix/mod.rs"]
mod table;

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_matrix_is_as_expected() {
    let (text, failed) = table::table(&table::all().await);
    assert_eq!(failed, 0, "{text}");
}
