//! The same bits on this machine and on simulated boards, with an FPU and without, for every feature; and hop by hop.

use crate::program::{Board, Case, M0PLUS, M4F, digest, goldens, native, on_board};

fn same_bits(board: &Board) {
    let cases = goldens();
    let Some(results) = native(&cases) else { return };
    let digests: Vec<u32> = results.iter().map(|result| digest(result)).collect();
    // A part at a time: all chains together have more variables than a board has memory.
    for (part, digests) in cases.chunks(24).zip(digests.chunks(24)) {
        let Some(end) = on_board(board, part, digests) else { return };
        let names: Vec<&str> = part.iter().map(|case: &Case| case.name.as_str()).collect();
        assert_eq!(end, Ok(()), "{}, of {names:?}", board.name);
    }
}

#[test]
fn an_m4f_board_gives_the_bits_of_this_machine() {
    same_bits(&M4F);
}

#[test]
fn an_m0plus_board_gives_the_bits_of_this_machine() {
    same_bits(&M0PLUS);
}
