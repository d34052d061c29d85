//! What a search means: its candidates, those that are left out, and what is said about choices that can't be.

use crate::words::{resolve, resolve_with};
use tinyml::spec::model::{Minimize, Search};

fn spec(model: &str) -> String {
    format!(
        "tml 1\n\ndataset imu {{\n  source = csv(\"a.csv\")\n  channels = [ax, ay, az]\n  classes = [rest, wave]\n}}\n\n\
         model net from imu {{\n{model}\n}}\n"
    )
}

fn search(model: &str) -> Search {
    let spec = resolve(&spec(model));
    spec.models[0].search.clone().expect("a search")
}

fn words(search: &Search) -> Vec<String> {
    search.candidates.iter().map(|candidate| candidate.choices.clone()).collect()
}

#[test]
fn a_small_space_is_tried_whole_in_order() {
    let search = search("dense(8..16)\none_of(softmax(), none)\ndense(imu.classes)\nsearch { }");
    assert_eq!(search.space, 4);
    // A softmax within the network is a misfit, told and left out.
    assert_eq!(words(&search), ["dense 8, none", "dense 16, none"]);
    assert_eq!(search.misfits.len(), 2, "{:?}", search.misfits);
    assert_eq!(search.candidates[1].layers[0].text(), "dense(16)");
    assert_eq!(search.minimize, None);
}

#[test]
fn a_large_space_is_drawn_from_by_the_seed() {
    let model = |seed: u64| {
        format!(
            "dense(1..65536)\ndense(1..65536)\ndense(1..65536)\ndense(1..65536)\ndense(imu.classes)\n\
             train {{ epochs = one_of(2, 3) }}\nsearch {{ trials = 9, minimize = ram, seed = {seed} }}"
        )
    };
    let (one, two, again) = (search(&model(1)), search(&model(2)), search(&model(1)));
    assert_eq!((one.candidates.len(), one.minimize), (9, Some(Minimize::Ram)));
    assert_eq!(words(&one), words(&again));
    assert_ne!(words(&one), words(&two));
    assert_eq!(words(&one)[0], "dense 1, dense 1, dense 1, dense 1, epochs 2");
    assert_eq!(one.candidates[1].train.epochs, 3);
}

#[test]
fn equal_candidates_are_one() {
    let search = search("dense(one_of(8, 8))\ndense(imu.classes)\nsearch { trials = 3 }");
    assert_eq!(search.candidates.len(), 1);
}

#[test]
fn mistakes_among_alternatives_are_told_and_none_that_fits_too() {
    let codes = |model: &str| {
        let diags = resolve_with(&spec(model), &[]).map(|_| ()).expect_err("a mistake");
        diags.0.iter().map(|diag| diag.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes("dense(one_of(8, 0))\ndense(imu.classes)\nsearch { }"), ["tml::bounds"]);
    assert_eq!(codes("dense(one_of(8, 16))\ndense(one_of(3, 4))\nsearch { }"), ["tml::shape"]);
    assert_eq!(codes("one_of(dens(8), dense(8))\ndense(imu.classes)\nsearch { }"), ["tml::name"]);
    assert_eq!(codes("dense(8..4)\ndense(imu.classes)\nsearch { }"), ["tml::choice"]);
    assert_eq!(codes("dense(8..16)\ndense(imu.classes)"), ["tml::search"]);
    assert_eq!(codes("dense(imu.classes)\nsearch { }"), ["tml::search"]);
    assert_eq!(codes("dense(8)\nauto\ndense(imu.classes)\n"), ["tml::choice"]);
    assert_eq!(codes("dense(8..16)\ndense(imu.classes)\nsearch { budget = 10 ms }"), ["tml::bounds"]);
}

#[test]
fn auto_follows_a_reshape() {
    let spec = spec("flatten()\nauto");
    let mut specs = [spec.clone(), spec.replace("flatten()\n", "")].map(|text| {
        tinyml::spec::resolve(
            &tinyml::lang::parse(&tinyml::base::Source::new("m.tml", text)).expect("it parses"),
            &tinyml::library::Library::new(std::collections::BTreeMap::new()).expect("the library reads"),
            &|_| Err("no files".into()),
        )
    });
    for resolved in &mut specs {
        let (spec, _) = resolved.as_mut().unwrap_or_else(|diags| panic!("{diags}"));
        let search = spec.models[0].search.as_ref().expect("a search");
        assert!(search.auto && search.candidates.len() > 3, "{}", search.candidates.len());
    }
    let first = &specs[0].as_ref().expect("resolved").0.models[0];
    assert_eq!(first.layers[0].op, "flatten");
}
