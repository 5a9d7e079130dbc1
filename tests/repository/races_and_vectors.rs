//! The list: every race of realtime-protocol.md §12.4 and every vector of §17, and the test that shows it. A number
//! cannot lose its test: each function named here has to be there, as a test, with the number in its name.

use std::{collections::BTreeMap, fs, path::Path};

/// Numbers, file or folder, test. A name such as `v08_to_v13_…` carries all from the one to the other.
#[rustfmt::skip]
const SHOWN: &[(&str, &str, &str)] = &[
    ("R1 R2", "session", "r1_and_r2_nothing_is_read_before_the_database_confirms"),
    ("R3", "session", "r3_an_audit_after_the_first_snapshot_finds_changes_lost_in_a_cold_start"),
    ("R4 R5", "session", "r4_and_r5_the_last_change_in_arrival_order_counts"),
    ("R6", "session", "r6_a_row_deleted_after_its_page_is_gone"),
    ("R7", "session", "r7_a_delete_of_an_unknown_row_is_ignored"),
    ("R8", "session", "r8_a_row_deleted_and_inserted_again_exists"),
    ("R9", "session", "r9_a_row_deleted_without_a_change_frame_is_not_restored"),
    ("R10", "session", "r10_a_row_whose_key_changes_between_pages_is_there_once"),
    ("R11", "races", "r11_a_delete_and_an_insert_between_pages_skip_and_double_nothing"),
    ("R12", "races", "r12_a_row_that_is_changed_between_pages_moves_nowhere_and_reading_ends"),
    ("R13", "races", "r13_a_slow_transaction_with_an_older_time_is_read_after_a_loss"),
    ("R14", "races", "r14_rows_deleted_while_disconnected_are_removed"),
    ("R15", "races", "r15_pages_from_a_delayed_replica_undo_no_change"),
    ("R16", "races", "r16_a_transaction_whose_changes_come_between_pages_is_whole_in_the_end"),
    ("R17", "session", "r17_a_socket_lost_before_the_merge_changes_no_row"),
    ("R18", "session", "r18_frames_of_an_earlier_subscription_are_dropped"),
    ("R19", "races", "r19_pages_of_two_users_are_never_one_snapshot"),
    ("R19", "races", "r19_a_confirmation_after_another_users_token_is_a_gap"),
    ("R20", "session", "r20_a_table_that_reads_empty_is_read_again_before_its_rows_are_removed"),
    ("R20 S09", "tokens", "r20_s09_a_user_who_may_read_nothing_does_not_remove_known_rows"),
    ("R21 R22 R25", "session", "r21_r22_and_r25_a_periodic_audit_finds_changes_missing_from_the_stream"),
    ("R21 R25", "audits", "r21_r25_rows_removed_without_a_frame_are_found_by_the_count"),
    ("R22", "audits", "r22_after_a_burst_dropped_changes_are_found_and_it_catches_up_until_equal"),
    ("R22", "audits", "r22_changes_dropped_for_a_minute_are_found_again_and_again_until_it_is_over"),
    ("R22", "audits", "r22_a_reading_that_began_before_a_burst_does_not_prove_what_came_after"),
    ("R22", "audits", "r22_another_connection_does_not_lift_the_projects_limit"),
    ("R23", "audits", "r23_an_audit_finds_a_channel_without_changes_and_joins_anew"),
    ("R24", "session", "r24_an_unexpected_confirmation_counts_as_a_gap"),
    ("R26", "session", "r26_absent_columns_keep_their_values_and_unknown_ones_are_fetched"),
    ("R27", "races", "r27_only_the_key_of_a_too_large_change_is_used"),
    ("R27", "races", "r27_a_change_too_large_is_not_forgotten_when_the_key_changes"),
    ("R28", "session", "r28_a_change_for_other_entries_is_ignored"),
    ("R29", "audits", "r29_partitions_are_asked_for_and_taken_under_their_own_names"),
    ("R30", "races", "r30_two_ways_of_writing_one_value_are_no_change"),
    ("R31", "session", "r31_reading_ends_at_an_empty_page_only"),
    ("R31", "session", "r31_reading_ends_although_a_server_ignores_the_cursor"),
    ("R32 V71", "realtime_vectors", "v71_r32_a_flood_before_the_snapshot_is_bounded_and_starts_over"),
    ("R33", "session", "r33_a_change_received_twice_is_reported_once"),
    ("R34", "races", "r34_timestamps_of_the_server_decide_nothing"),
    ("R35 V102", "tokens", "r35_v102_after_sleep_the_token_is_renewed_first_and_the_old_socket_is_dropped_at_once"),
    ("R35", "tokens", "r35_a_frozen_process_drops_its_socket_whether_a_timer_or_a_frame_comes_first"),
    ("R36", "races", "r36_no_request_of_a_whole_session_writes"),
    ("R37", "session", "r37_an_altered_table_is_read_again"),
    ("R38", "session", "r38_a_change_older_than_its_page_is_awaited_before_the_merge"),
    ("R39", "session", "r39_an_answer_that_may_be_older_than_a_change_is_not_used"),
    ("R40", "session", "r40_a_row_that_turns_up_just_after_the_merge_is_looked_up"),
    ("V01", "realtime_vectors", "v01_the_join_is_as_written"),
    ("V02 V03", "realtime_vectors", "v02_v03_joined_is_not_live"),
    ("V04", "realtime_vectors", "v04_an_unasked_confirmation_keeps_the_channel_and_reads_again"),
    ("V05 V06 V36 V39", "realtime_vectors", "v05_v06_v36_v39_other_bindings_than_asked_for_are_retried_and_then_given_up"),
    ("V07", "realtime_vectors", "v07_nulls_and_unknown_keys_in_the_echo_are_fine"),
    ("V08 V09 V10 V11 V12 V13", "realtime_vectors", "v08_to_v13_refused_joins_are_told_apart"),
    ("V14", "realtime_vectors", "v14_a_channel_that_the_server_does_not_know_is_lost"),
    ("V15", "realtime_vectors", "v15_an_answer_after_the_deadline_joins_nothing"),
    ("V16 V20", "realtime_vectors", "v16_v20_an_end_of_an_earlier_join_is_stale"),
    ("V17 V19", "realtime_vectors", "v17_v19_an_end_of_our_join_is_a_loss"),
    ("V18", "realtime_vectors", "v18_an_end_without_a_name_is_ours_when_the_join_is_older_than_a_second"),
    ("V19", "realtime_vectors", "v19_joins_that_crash_again_and_again_are_asked_ever_slower"),
    ("V21 V22", "realtime_vectors", "v21_v22_our_leave_is_final_whether_it_is_answered_or_not"),
    ("V23 V24", "realtime_vectors", "v23_v24_the_system_message_before_the_close_is_the_reason"),
    ("V23", "tokens", "v23_an_expired_token_is_renewed_and_joined_with_at_once_and_only_once"),
    ("V25", "realtime_vectors", "v25_a_server_that_announces_its_leave_is_quoted"),
    ("V26 V28", "realtime_vectors", "v26_v28_a_table_whose_subscription_cannot_work_is_polled_or_refused"),
    ("V27", "realtime_vectors", "v27_what_the_server_retries_is_waited_for"),
    ("V29 V04", "realtime_vectors", "v29_v04_a_pushed_token_is_answered_by_a_confirmation_or_by_silence"),
    ("V30", "tokens", "v30_a_fresh_token_that_is_refused_before_anything_ever_worked_is_an_error"),
    ("V31", "realtime_vectors", "v31_a_beat_is_as_written_and_its_answer_is_measured"),
    ("V32 V33 V34", "realtime_vectors", "v32_v33_v34_only_its_own_answer_saves_a_beat_whatever_else_flows"),
    ("V32 V35 V40 V91", "realtime_vectors", "v32_v35_v40_v91_replies_that_nobody_waits_for_are_dropped"),
    ("V33", "session", "v33_while_a_join_is_pending_a_heartbeat_may_be_answered_late"),
    ("V37 V38", "realtime_vectors", "v37_v38_a_reply_with_another_status_is_a_refusal_worth_a_retry"),
    ("V41", "realtime_vectors", "v41_a_numeric_reference_is_compared_as_text"),
    ("V42", "realtime_vectors", "v42_an_insert_is_applied_or_kept_for_the_snapshot"),
    ("V43 V55", "realtime_vectors", "v43_v55_absent_columns_keep_their_values_or_are_fetched"),
    ("V44", "realtime_vectors", "v44_a_changed_key_is_a_delete_and_an_insert_that_carries_over_what_it_lacks"),
    ("V45 V56", "realtime_vectors", "v45_v56_a_delete_removes_and_a_later_insert_brings_back"),
    ("V46 V47 V48", "realtime_vectors", "v46_v47_v48_changes_without_a_row_are_reported_and_the_table_is_read_at_intervals"),
    ("V49 V68", "realtime_vectors", "v49_v68_a_change_too_large_is_fetched_by_its_key"),
    ("V49", "realtime_vectors", "v49_in_the_buffer_is_fetched_before_the_merge"),
    ("V50", "realtime_vectors", "v50_numbers_keep_every_digit"),
    ("V51 V54", "realtime_vectors", "v51_v54_a_change_told_twice_is_one_change"),
    ("V52 V70", "realtime_vectors", "v52_v70_other_tables_and_topics_are_not_ours"),
    ("V53 V59 V60 V61 V62 V63 V65 V66 V67 V91", "realtime_vectors", "v53_v59_to_v63_v65_v66_v67_v91_what_cannot_be_used_is_dropped_and_the_table_read_again"),
    ("V57", "realtime_vectors", "v57_a_buffered_row_that_the_snapshot_lacks_is_looked_up"),
    ("V58", "realtime_vectors", "v58_arrival_order_decides_whatever_the_timestamps_say"),
    ("V61 V62 V64 V67", "realtime_vectors", "v61_v62_v64_v67_what_is_merely_odd_is_read"),
    ("V69", "realtime_vectors", "v69_a_number_that_is_none_makes_every_table_doubtful"),
    ("V72 V73 V74", "realtime_vectors", "v72_v73_v74_a_broadcast_is_the_same_in_both_framings"),
    ("V75 V76", "realtime_vectors", "v75_v76_a_clients_broadcast_is_read"),
    ("V77 V78 V79 V80", "realtime_vectors", "v77_v78_v79_v80_what_was_not_asked_for_changes_nothing"),
    ("V81 V82 V83 V84", "realtime_vectors", "v81_to_v84_broken_binary_frames_are_dropped"),
    ("V85", "realtime_vectors", "v85_the_kinds_that_nobody_sends_are_read"),
    ("V86 V87 V88 V90 V93", "realtime_vectors", "v86_v87_v88_v90_v93_what_is_no_frame_is_dropped"),
    ("V89 V92", "realtime_vectors", "v89_v92_more_elements_and_unknown_events_are_fine"),
    ("V93", "realtime_vectors", "v93_depth_inside_a_payload_is_no_danger_either"),
    ("V94", "feed/hostile_sockets", "v94_a_frame_of_17_mib_ends_the_connection_and_not_the_process"),
    ("V95", "feed/hostile_sockets", "v95_pings_are_answered_and_pieces_put_together"),
    ("V96", "realtime_vectors", "v96_every_kind_of_close_is_a_loss"),
    ("V97 V98", "realtime_vectors", "v97_v98_refused_upgrades_are_told_apart"),
    ("V98", "feed/hostile_sockets", "v98_what_answers_an_upgrade_with_a_page_or_a_redirect_is_no_realtime_server"),
    ("V99", "feed/hostile_sockets", "v99_a_server_that_takes_the_connection_and_says_nothing_has_fifteen_seconds"),
    ("V100", "realtime_vectors", "v100_in_the_first_serializer_a_close_is_told_by_its_ref"),
    ("V101", "realtime_vectors", "v101_at_most_one_join_is_pending_and_joins_keep_their_distance"),
    ("S01 S02 S03", "realtime_vectors", "s01_s02_s03_reading_goes_on_until_an_empty_page"),
    ("S04", "feed/hostile_sockets", "s04_a_range_that_cannot_be_had_is_not_taken_for_the_end_of_the_table"),
    ("S05", "tokens", "s05_a_page_that_finds_the_token_expired_renews_it_and_goes_on"),
    ("S06", "realtime_vectors", "s06_a_page_that_may_never_be_read_is_an_error_with_its_remedy"),
    ("S07", "realtime_vectors", "s07_a_page_too_large_is_halved"),
    ("S08", "realtime_vectors", "s08_a_passing_failure_is_waited_out_and_changes_are_kept_meanwhile"),
    ("S08", "realtime_vectors", "s08_failures_without_end_count_as_a_lost_connection"),
    ("S09", "realtime_vectors", "s09_an_empty_answer_wipes_nothing_before_it_is_confirmed"),
    ("S10", "feed/hostile_sockets", "s10_a_page_that_is_cut_or_is_html_is_asked_for_again"),
    ("S11", "realtime_vectors", "s11_commits_between_pages_are_all_there_in_the_end"),
];

/// How many there are of each.
const NUMBERS: [(char, u32); 3] = [('R', 40), ('V', 102), ('S', 11)];

/// The numbers that a name carries: `v05_v06_…` and `v08_to_v13_…`.
fn carried(name: &str) -> Vec<(char, u32)> {
    let mut found: Vec<(char, u32)> = Vec::new();
    let mut range = false;
    for word in name.split('_') {
        let mut letters = word.chars();
        let letter = letters.next().unwrap_or(' ').to_ascii_uppercase();
        match letters.as_str().parse::<u32>() {
            Ok(number) if "RVS".contains(letter) => {
                let first = match found.last() {
                    Some((same, last)) if range && *same == letter => last + 1,
                    _ => number,
                };
                found.extend((first..=number).map(|number| (letter, number)));
                range = false;
            }
            _ if word == "to" => range = true,
            _ if word == "and" => {}
            _ => break,
        }
    }
    found
}

/// The text of a test file, or of all files of a folder.
fn source(file: &str) -> String {
    // Those without a folder are the tests of the protocol crate.
    let folder = match file.split_once('/') {
        None => "crates/realtime/tests/protocol",
        Some(("feed", _)) => "crates/client/tests",
        Some(_) => "tests",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match fs::read_dir(folder.join(file)) {
        Ok(files) => files
            .map(|entry| read(&entry.expect("an entry of the folder").path()))
            .collect(),
        Err(_) => read(&folder.join(format!("{file}.rs"))),
    }
}

/// The names of the tests in a file that run in the ordinary run.
fn tests(source: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut lines = source.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let name = lines
            .peek()
            .and_then(|next| next.strip_prefix("fn ")?.split('(').next());
        if line == "#[test]"
            && let Some(name) = name
        {
            names.push(name);
        }
    }
    names
}

#[test]
fn every_race_and_every_vector_has_its_test() {
    let mut sources = BTreeMap::new();
    let mut shown = Vec::new();
    for (numbers, file, name) in SHOWN {
        let source = sources.entry(*file).or_insert_with(|| source(file));
        assert!(tests(source).contains(name), "{file} has no test {name}");
        let carried = carried(name);
        for number in numbers.split(' ') {
            let number = (
                number.chars().next().unwrap_or(' '),
                number[1..].parse::<u32>().expect("a number"),
            );
            assert!(carried.contains(&number), "{name} does not carry {number:?}");
            shown.push(number);
        }
    }
    for (letter, last) in NUMBERS {
        for number in 1..=last {
            assert!(shown.contains(&(letter, number)), "{letter}{number} has no test");
        }
    }
}

#[test]
fn names_are_read_as_they_are_meant() {
    assert_eq!(carried("v08_to_v10_refused"), [('V', 8), ('V', 9), ('V', 10)]);
    assert_eq!(carried("r1_and_r2_nothing"), [('R', 1), ('R', 2)]);
    assert_eq!(carried("s01_s02_reading_r9"), [('S', 1), ('S', 2)]);
    assert!(carried("several_tables_v2").is_empty());
}
