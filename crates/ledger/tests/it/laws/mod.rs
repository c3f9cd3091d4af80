//! The laws: each a function over a world, run on both engines.

mod accept;
mod documents;
mod list;
mod own;
mod quota;
mod serial;

/// Runs each law on SQLite, and on PostgreSQL where the machine has it.
macro_rules! laws {
    ($($law:ident),+ $(,)?) => {
        mod sqlite {
            use crate::world::World;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                Box::pin(super::$law(World::sqlite())).await;
            })+
        }

        mod postgres {
            use crate::world::World;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                if let Some(world) = World::postgres(stringify!($law)).await {
                    Box::pin(super::$law(world)).await;
                }
            })+
        }
    };
}
pub(crate) use laws;
