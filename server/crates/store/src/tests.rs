//! What every store must do. Each function runs over both; the module `words` has the vocabulary.

use engine::{Batch, Draft, Keep, Store, StoreError, UseOfDay};
use protocol::{AbsPath, Effect, Item, Rule, SessionId, SessionInfo, SessionState, Update, Usage};

use self::words::{
    Place, aside, draft, ended, info, item, message, path, record, records, run_rule, status,
    stored_texts,
};

pub(crate) mod words;

/// Makes a test per store of each function.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::words::Folder::new()).await;
            })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::MemoryStore::new()).await;
            })*
        }
    };
}

on_both!(
    a_session_comes_back_as_it_was_kept,
    a_session_begins_with_its_first_batch,
    records_keep_their_order_over_many_batches,
    the_last_word_on_an_item_stands_where_it_began,
    what_was_set_aside_stays_so_whichever_records_are_kept,
    an_unknown_session_is_not_found,
    a_second_session_of_one_id_is_refused,
    a_session_belongs_to_one_store_at_a_time,
    what_another_has_open_can_be_looked_at,
    a_dropped_store_gives_its_claims_back,
    to_open_twice_is_to_open_once,
    only_a_claimed_session_is_written,
    a_deleted_session_is_gone_with_its_text,
    the_list_has_the_last_used_first,
    the_list_says_what_the_last_batch_said,
    drafts_grow_where_they_end,
    a_draft_that_goes_back_replaces_the_rest,
    a_draft_may_begin_where_a_record_ended,
    a_draft_never_ends_inside_a_character,
    a_record_of_the_whole_item_ends_its_drafts,
    rules_are_kept_once_per_folder,
    what_a_day_used_is_that_of_all_stores,
    bytes_are_found_by_their_hash,
    bytes_that_nobody_names_are_swept_away,
    bytes_belong_to_a_session_that_is_open_here,
    bytes_go_with_their_session,
    a_weave_takes_the_place_of_the_one_before,
    weaves_belong_to_a_session_that_is_open_here,
    weaves_go_with_their_session,
    the_text_of_a_weave_stays_with_it,
    any_text_is_a_session_id,
);

async fn a_session_comes_back_as_it_was_kept(place: impl Place) {
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    let batch = Batch {
        records: vec![record(1, message("i1", "Grüße 🌍\0\n")), record(4, status("t1"))],
        drafts: vec![draft("i2", 0, "half")],
        info: None,
    };
    store.append(&"s1".into(), batch.clone()).await.unwrap();
    store.close(&"s1".into()).await.unwrap();

    let stored = place.store().open(&"s1".into()).await.unwrap();
    assert_eq!(stored.info, info("s1", 1));
    assert_eq!(stored.records, batch.records);
    assert_eq!(stored.drafts, batch.drafts);
}

async fn a_session_begins_with_its_first_batch(place: impl Place) {
    let store = place.store();
    let mut later = info("s1", 1);
    later.title = "begun".into();
    let drafts = vec![draft("i2", 0, "half")];
    let first = Batch { drafts, info: Some(later.clone()), ..records([1, 2]) };
    store.create(&info("s1", 1), first.clone()).await.unwrap();
    store.append(&"s1".into(), records([3])).await.unwrap();
    drop(store);

    let stored = place.store().open(&"s1".into()).await.unwrap();
    assert_eq!((stored.info, stored.drafts), (later, first.drafts));
    assert_eq!(stored.records, records([1, 2, 3]).records);
}

async fn records_keep_their_order_over_many_batches(place: impl Place) {
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.create(&info("s2", 1), Batch::default()).await.unwrap();
    for seq in 1..=20 {
        store.append(&"s1".into(), records([seq * 3, seq * 3 + 1])).await.unwrap();
        store.append(&"s2".into(), records([seq])).await.unwrap();
    }
    let stored = store.open(&"s1".into()).await.unwrap();
    let wanted: Vec<_> = (1..=20).flat_map(|seq| [seq * 3, seq * 3 + 1]).collect();
    assert_eq!(stored.records, records(wanted).records);
    assert_eq!(store.open(&"s2".into()).await.unwrap().records, records(1..=20).records);
}

async fn the_last_word_on_an_item_stands_where_it_began(place: impl Place) {
    let store = place.store();
    for id in ["s1", "s2"] {
        store.create(&info(id, 1), Batch::default()).await.unwrap();
        let begun = vec![record(1, message("i1", "")), record(2, message("i2", ""))];
        let batch = Batch { records: begun, ..Batch::default() };
        store.append(&id.into(), batch).await.unwrap();
    }
    let more = vec![
        record(3, status("t1")),
        record(4, message("i1", "a")),
        record(5, status("t2")),
        record(6, ended("i1", "all")),
    ];
    store.append(&"s1".into(), Batch { records: more, ..Batch::default() }).await.unwrap();
    store.close(&"s1".into()).await.unwrap();

    let stored = place.store().open(&"s1".into()).await.unwrap();
    let wanted = [
        record(6, ended("i1", "all")),
        record(2, message("i2", "")),
        record(3, status("t1")),
        record(5, status("t2")),
    ];
    assert_eq!(stored.records, wanted);
    // An item of the same name in another session is another item.
    assert_eq!(store.open(&"s2".into()).await.unwrap().records[0], record(1, message("i1", "")));
}

async fn what_was_set_aside_stays_so_whichever_records_are_kept(place: impl Place) {
    let told = [
        ended("i1", "one"),
        message("i2", "tw"),
        message("i3", "thr"),
        aside("i2", "i3", true),
        ended("i4", "four"),
        // The last words on these come after they were set aside.
        Update::ItemEnded { item: Item { aside: true, ..item("i3", "three") } },
        Update::ItemEnded { item: Item { aside: true, ..item("i2", "two") } },
        aside("i2", "i2", false),
        ended("i2", "two, and a bit"),
    ];
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    for (seq, update) in (1..).zip(&told) {
        let batch = Batch { records: vec![record(seq, update.clone())], ..Batch::default() };
        store.append(&"s1".into(), batch).await.unwrap();
    }
    let replayed = store.read(&"s1".into()).await.unwrap().state();
    assert_eq!(replayed, SessionState::fold(&told));
    let ids: Vec<_> = replayed.told().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["i1", "i2", "i4"]);
}

async fn an_unknown_session_is_not_found(place: impl Place) {
    let store = place.store();
    let unknown = "nobody".into();
    assert!(matches!(store.open(&unknown).await, Err(StoreError::NotFound(id)) if id == unknown));
    assert!(matches!(store.delete(&unknown).await, Err(StoreError::NotFound(id)) if id == unknown));
    store.close(&unknown).await.unwrap();
    assert_eq!(store.list(None).await.unwrap(), []);
}

async fn a_second_session_of_one_id_is_refused(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.append(&"s1".into(), records([1])).await.unwrap();
    let second = || records([7]);
    assert!(matches!(store.create(&info("s1", 2), second()).await, Err(StoreError::Failed(_))));
    assert!(matches!(other.create(&info("s1", 2), second()).await, Err(StoreError::InUse(_))));

    // The first is as it was, and still ours to write.
    store.append(&"s1".into(), records([2])).await.unwrap();
    let stored = store.open(&"s1".into()).await.unwrap();
    assert_eq!((stored.info, stored.records), (info("s1", 1), records([1, 2]).records));

    // A refused creation claims nothing.
    store.close(&"s1".into()).await.unwrap();
    assert!(matches!(other.create(&info("s1", 2), second()).await, Err(StoreError::Failed(_))));
    store.open(&"s1".into()).await.unwrap();
}

async fn a_session_belongs_to_one_store_at_a_time(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(other.open(&"s1".into()).await, Err(StoreError::InUse(_))));
        assert!(matches!(other.delete(&"s1".into()).await, Err(StoreError::InUse(_))));
        assert_eq!(other.list(None).await.unwrap(), [info("s1", 1)]);

        store.close(&"s1".into()).await.unwrap();
        other.open(&"s1".into()).await.unwrap();
        assert!(matches!(store.open(&"s1".into()).await, Err(StoreError::InUse(_))));
        other.close(&"s1".into()).await.unwrap();
        store.open(&"s1".into()).await.unwrap();
    }
}

async fn what_another_has_open_can_be_looked_at(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.append(&"s1".into(), records([1])).await.unwrap();
    let seen = other.read(&"s1".into()).await.unwrap();
    assert_eq!(seen, store.open(&"s1".into()).await.unwrap());
    assert!(matches!(other.open(&"s1".into()).await, Err(StoreError::InUse(_))));
    store.append(&"s1".into(), records([2])).await.unwrap();
    assert_ne!(other.read(&"s1".into()).await.unwrap(), seen);
    assert!(matches!(other.read(&"nobody".into()).await, Err(StoreError::NotFound(_))));
}

async fn a_dropped_store_gives_its_claims_back(place: impl Place) {
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.append(&"s1".into(), records([1])).await.unwrap();
    drop(store);
    let stored = place.store().open(&"s1".into()).await.unwrap();
    assert_eq!(stored.records, records([1]).records);
}

async fn to_open_twice_is_to_open_once(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.open(&"s1".into()).await.unwrap();
    store.open(&"s1".into()).await.unwrap();
    store.close(&"s1".into()).await.unwrap();
    other.open(&"s1".into()).await.unwrap();
}

async fn only_a_claimed_session_is_written(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    assert!(other.append(&"s1".into(), records([1])).await.is_err());
    assert!(other.append(&"nobody".into(), records([1])).await.is_err());
    store.close(&"s1".into()).await.unwrap();
    assert!(store.append(&"s1".into(), records([1])).await.is_err());
    assert_eq!(store.open(&"s1".into()).await.unwrap().records, []);
}

async fn a_deleted_session_is_gone_with_its_text(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    for id in ["s1", "s2"] {
        store.create(&info(id, 1), Batch::default()).await.unwrap();
        let drafts = vec![draft("i1", 0, "half")];
        store.append(&id.into(), Batch { drafts, ..records([1]) }).await.unwrap();
    }
    store.delete(&"s1".into()).await.unwrap();
    assert_eq!(other.list(None).await.unwrap(), [info("s2", 1)]);
    assert!(matches!(store.open(&"s1".into()).await, Err(StoreError::NotFound(_))));
    assert!(store.append(&"s1".into(), records([2])).await.is_err());

    // The id is free again, for anyone, and nothing of the old session shows.
    other.create(&info("s1", 5), Batch::default()).await.unwrap();
    let stored = other.open(&"s1".into()).await.unwrap();
    assert_eq!((stored.records, stored.drafts), (vec![], vec![]));
    assert_eq!(store.open(&"s2".into()).await.unwrap().records, records([1]).records);
}

async fn the_list_has_the_last_used_first(place: impl Place) {
    let store = place.store();
    for (id, updated_at, root) in [("a", 2, "/one"), ("b", 9, "/two"), ("c", 5, "/one")] {
        let info = SessionInfo { root: path(root), ..info(id, updated_at) };
        store.create(&info, Batch::default()).await.unwrap();
    }
    let list = async |root: Option<&AbsPath>| -> Vec<String> {
        let sessions = place.store().list(root).await.unwrap();
        sessions.into_iter().map(|session| session.id.0).collect()
    };
    assert_eq!(list(None).await, ["b", "c", "a"]);
    assert_eq!(list(Some(&path("/one"))).await, ["c", "a"]);
    assert_eq!(list(Some(&path("/on"))).await, [""; 0]);
}

async fn the_list_says_what_the_last_batch_said(place: impl Place) {
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    let mut later = info("s1", 7);
    later.title = "Shorten `pop`".into();
    later.folders = vec![path("/ä b"), path("/other")];
    let batch = Batch { info: Some(later.clone()), ..records([1]) };
    store.append(&"s1".into(), batch).await.unwrap();
    store.append(&"s1".into(), records([2])).await.unwrap();
    assert_eq!(store.list(None).await.unwrap(), [later.clone()]);
    assert_eq!(store.open(&"s1".into()).await.unwrap().info, later);
}

async fn drafts_grow_where_they_end(place: impl Place) {
    let pieces =
        [draft("i1", 0, "Grü"), draft("i2", 0, "x"), draft("i1", 4, "ße"), draft("i1", 7, "!")];
    assert_eq!(stored_texts(place, pieces).await, [draft("i1", 0, "Grüße!"), draft("i2", 0, "x")],);
}

async fn a_draft_that_goes_back_replaces_the_rest(place: impl Place) {
    let pieces = [
        draft("i1", 0, "one "),
        draft("i1", 4, "two "),
        draft("i1", 8, "three"),
        draft("i1", 6, "ice"),
        draft("i2", 0, "all of it"),
        draft("i2", 0, "anew"),
    ];
    assert_eq!(
        stored_texts(place, pieces).await,
        [draft("i1", 0, "one twice"), draft("i2", 0, "anew")],
    );
}

async fn a_draft_may_begin_where_a_record_ended(place: impl Place) {
    let pieces = [draft("i1", 7, "wor"), draft("i1", 10, "ld"), draft("i1", 20, "far")];
    assert_eq!(
        stored_texts(place, pieces).await,
        [draft("i1", 7, "world"), draft("i1", 20, "far")],
    );
}

async fn a_draft_never_ends_inside_a_character(place: impl Place) {
    let pieces = [draft("i1", 0, "aé"), draft("i1", 2, "b")];
    assert_eq!(stored_texts(place, pieces).await, [draft("i1", 0, "a"), draft("i1", 2, "b")]);
}

async fn a_record_of_the_whole_item_ends_its_drafts(place: impl Place) {
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    let drafts = |drafts: Vec<Draft>| Batch { drafts, ..Batch::default() };
    let both = drafts(vec![draft("i1", 0, "hello"), draft("i2", 0, "other")]);
    store.append(&"s1".into(), both).await.unwrap();

    // Text after a record in the same batch comes on top of it.
    let batch = Batch {
        records: vec![record(1, message("i1", "hello"))],
        drafts: vec![draft("i1", 5, " wor")],
        info: None,
    };
    store.append(&"s1".into(), batch).await.unwrap();
    let stored = store.open(&"s1".into()).await.unwrap();
    assert_eq!(stored.drafts, [draft("i1", 5, " wor"), draft("i2", 0, "other")]);

    let end = Batch { records: vec![record(2, ended("i1", "hello world"))], ..Batch::default() };
    store.append(&"s1".into(), end).await.unwrap();
    let stored = store.open(&"s1".into()).await.unwrap();
    assert_eq!(stored.drafts, [draft("i2", 0, "other")]);
}

async fn rules_are_kept_once_per_folder(place: impl Place) {
    let (here, there) = (path("/here"), path("/there"));
    let write = Rule { allow: Effect::Write { path: path("/here/x") } };
    let (store, other) = (place.store(), place.store());
    store.add_rule(&here, &run_rule("cargo test")).await.unwrap();
    other.add_rule(&here, &write).await.unwrap();
    other.add_rule(&here, &run_rule("cargo test")).await.unwrap();
    store.add_rule(&there, &write).await.unwrap();
    assert_eq!(other.rules(&here).await.unwrap(), [run_rule("cargo test"), write.clone()]);
    assert_eq!(store.rules(&there).await.unwrap(), [write]);
    assert_eq!(store.rules(&path("/")).await.unwrap(), []);
}

async fn what_a_day_used_is_that_of_all_stores(place: impl Place) {
    let usage = Usage {
        input_tokens: 1,
        output_tokens: 2,
        cached_tokens: 3,
        cache_written_tokens: 4,
        cost: 5,
    };
    let (one, other) = (place.store(), place.store());
    one.grant(7, 1).await.unwrap();
    one.add_use(7, usage).await.unwrap();
    other.add_use(7, Usage { cost: 1, ..usage }).await.unwrap();
    other.grant(8, 1).await.unwrap();
    other.grant(8, 3).await.unwrap();
    let sum = Usage {
        input_tokens: 2,
        output_tokens: 4,
        cached_tokens: 6,
        cache_written_tokens: 8,
        cost: 6,
    };
    assert_eq!(other.used_on(7).await.unwrap(), UseOfDay { usage: sum, grants: 1 });
    assert_eq!(one.used_on(8).await.unwrap(), UseOfDay { grants: 4, ..UseOfDay::default() });
    assert_eq!(one.used_on(9).await.unwrap(), UseOfDay::default());
}

async fn bytes_are_found_by_their_hash(place: impl Place) {
    let store = place.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.create(&info("s2", 1), Batch::default()).await.unwrap();
    let (id, abc) = ("s1".into(), b"abc".as_slice());
    let hash = store.put_blob(&id, abc).await.unwrap();
    // As FIPS 180 has it.
    assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(store.put_blob(&id, abc).await.unwrap(), hash);
    let nothing = store.put_blob(&id, b"").await.unwrap();
    let no_text = [0, 0xff, 0xfe, b'\n'];
    let bytes = store.put_blob(&id, &no_text).await.unwrap();
    drop(store);

    let later = place.store();
    assert_eq!(later.blob(&id, &hash).await.unwrap().as_deref(), Some(abc));
    assert_eq!(later.blob(&id, &nothing).await.unwrap(), Some(Vec::new()));
    assert_eq!(later.blob(&id, &bytes).await.unwrap(), Some(no_text.to_vec()));
    assert_eq!(later.blob(&id, "ba78").await.unwrap(), None);
    assert_eq!(later.blob(&"s2".into(), &hash).await.unwrap(), None);
    assert_eq!(later.blob(&"nobody".into(), &hash).await.unwrap(), None);
}

async fn bytes_that_nobody_names_are_swept_away(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    let ids: [SessionId; 2] = ["s1".into(), "s2".into()];
    let mut hashes = Vec::new();
    for id in &ids {
        store.create(&info(id.as_str(), 1), Batch::default()).await.unwrap();
        for bytes in [b"abc".as_slice(), b"more", b""] {
            hashes.push(store.put_blob(id, bytes).await.unwrap());
        }
    }
    let named = &hashes[..1];
    assert!(other.sweep_blobs(&ids[0], named).await.is_err());
    assert_eq!(store.sweep_blobs(&ids[0], named).await.unwrap(), 4);
    assert_eq!(store.sweep_blobs(&ids[0], named).await.unwrap(), 0);
    for (at, hash) in hashes[..3].iter().enumerate() {
        assert_eq!(store.blob(&ids[0], hash).await.unwrap().is_some(), at == 0);
        assert!(store.blob(&ids[1], hash).await.unwrap().is_some());
    }
}

async fn bytes_belong_to_a_session_that_is_open_here(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    let id = "s1".into();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    assert!(other.put_blob(&id, b"x").await.is_err());
    assert!(store.put_blob(&"nobody".into(), b"x").await.is_err());
    let hash = store.put_blob(&id, b"x").await.unwrap();
    // Whoever looks at a session may look at its pictures.
    assert_eq!(other.blob(&id, &hash).await.unwrap(), Some(b"x".to_vec()));
    store.close(&id).await.unwrap();
    assert!(store.put_blob(&id, b"y").await.is_err());
}

async fn bytes_go_with_their_session(place: impl Place) {
    let store = place.store();
    let mut hashes = Vec::new();
    for id in ["s1", "s2"] {
        store.create(&info(id, 1), Batch::default()).await.unwrap();
        hashes.push(store.put_blob(&id.into(), b"the same").await.unwrap());
    }
    assert_eq!(hashes[0], hashes[1]);
    store.delete(&"s1".into()).await.unwrap();
    store.create(&info("s1", 2), Batch::default()).await.unwrap();
    assert_eq!(store.blob(&"s1".into(), &hashes[0]).await.unwrap(), None);
    assert_eq!(store.blob(&"s2".into(), &hashes[0]).await.unwrap(), Some(b"the same".to_vec()));
}

pub(crate) async fn keep_weave(
    store: &dyn Store,
    id: &SessionId,
    path: &AbsPath,
    weave: &[u8],
) -> Result<(), StoreError> {
    let weave = Keep::Weave { path: path.clone(), weave: weave.to_vec(), texts: Vec::new() };
    store.keep(id, vec![weave]).await
}

async fn a_weave_takes_the_place_of_the_one_before(place: impl Place) {
    let store = place.store();
    let (id, a, b) = ("s1".into(), path("/ä b/a"), path("/b"));
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    assert_eq!(store.weaves(&id).await.unwrap(), []);
    keep_weave(&store, &id, &b, b"old").await.unwrap();
    keep_weave(&store, &id, &a, &[0, 0xff, 0xfe]).await.unwrap();
    keep_weave(&store, &id, &b, b"new").await.unwrap();
    drop(store);

    let later = place.store();
    later.open(&id).await.unwrap();
    let wanted = [(b.clone(), b"new".to_vec()), (a.clone(), vec![0, 0xff, 0xfe])];
    assert_eq!(later.weaves(&id).await.unwrap(), wanted);
    // An empty one is none; to forget what is not there is nothing.
    for _ in 0..2 {
        keep_weave(&later, &id, &a, b"").await.unwrap();
        assert_eq!(later.weaves(&id).await.unwrap(), wanted[..1]);
    }
}

async fn weaves_belong_to_a_session_that_is_open_here(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    let (id, a) = ("s1".into(), path("/a"));
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    assert!(keep_weave(&other, &id, &a, b"x").await.is_err());
    assert!(other.weaves(&id).await.is_err());
    assert!(keep_weave(&store, &"nobody".into(), &a, b"x").await.is_err());
    keep_weave(&store, &id, &a, b"x").await.unwrap();
    store.close(&id).await.unwrap();
    assert!(keep_weave(&store, &id, &a, b"").await.is_err());
    store.open(&id).await.unwrap();
    assert_eq!(store.weaves(&id).await.unwrap(), [(a, b"x".to_vec())]);
}

async fn the_text_of_a_weave_stays_with_it(place: impl Place) {
    let (store, id) = (place.store(), "s1".into());
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    let text = |hash: &str| Keep::Text {
        path: path("/a"),
        hash: hash.to_owned(),
        text: format!("text of {hash}").as_str().into(),
    };
    let weave = |hashes: &[&str]| Keep::Weave {
        path: path("/a"),
        weave: b"x".to_vec(),
        texts: hashes.iter().map(|&hash| hash.to_owned()).collect(),
    };
    store.keep(&id, vec![text("one"), text("two"), weave(&["none", "one"])]).await.unwrap();
    assert!(store.sweep_blobs(&id, &[]).await.unwrap() > 0);
    assert_eq!(store.blob(&id, "one").await.unwrap().as_deref(), Some(&b"text of one"[..]));
    assert_eq!(store.blob(&id, "two").await.unwrap(), None);
    store.keep(&id, vec![weave(&[])]).await.unwrap();
    store.sweep_blobs(&id, &[]).await.unwrap();
    assert_eq!(store.blob(&id, "one").await.unwrap(), None);
}

async fn weaves_go_with_their_session(place: impl Place) {
    let (store, a) = (place.store(), path("/a"));
    for id in ["s1", "s2"] {
        store.create(&info(id, 1), Batch::default()).await.unwrap();
        keep_weave(&store, &id.into(), &a, id.as_bytes()).await.unwrap();
    }
    store.delete(&"s1".into()).await.unwrap();
    store.create(&info("s1", 2), Batch::default()).await.unwrap();
    assert_eq!(store.weaves(&"s1".into()).await.unwrap(), []);
    assert_eq!(store.weaves(&"s2".into()).await.unwrap(), [(a, b"s2".to_vec())]);
}

async fn any_text_is_a_session_id(place: impl Place) {
    let (store, other) = (place.store(), place.store());
    let ids = ["../../x", "/etc/passwd", "ä b\n", "A", "a", "con", "%41", "."];
    for id in ids {
        store.create(&info(id, 1), Batch::default()).await.unwrap();
    }
    for id in ids {
        assert!(matches!(other.open(&id.into()).await, Err(StoreError::InUse(_))), "{id:?}");
        store.close(&id.into()).await.unwrap();
        other.open(&id.into()).await.unwrap();
    }
    let endless = SessionId("x".repeat(1 << 20));
    assert!(matches!(store.open(&endless).await, Err(StoreError::NotFound(_))));
}
