//! The tables, as `migrations/sqlite` makes them.

diesel::table! {
    lots (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        time_zone -> Text,
        currency -> Text,
        accepting -> Bool,
        queue_limit -> Nullable<BigInt>,
        priorities -> Text,
        revision -> BigInt,
        retired -> Bool,
        version -> BigInt,
        last_at -> BigInt,
        next_number -> BigInt,
        next_admission -> BigInt,
        next_slot -> BigInt,
        tariffs -> Text,
    }
}

diesel::table! {
    slot_counts (lot_id, accepts) {
        lot_id -> BigInt,
        accepts -> Text,
        capacity -> BigInt,
        occupied -> BigInt,
        out_of_service -> BigInt,
    }
}

diesel::table! {
    waiting_counts (lot_id, class, priority) {
        lot_id -> BigInt,
        class -> Text,
        priority -> Text,
        waiting -> BigInt,
    }
}

diesel::table! {
    slots (lot_id, id) {
        lot_id -> BigInt,
        id -> BigInt,
        label -> Text,
        level -> Nullable<Text>,
        accepts -> Text,
        rank -> Integer,
        in_service -> Bool,
        reason -> Nullable<Text>,
        retired -> Bool,
        revision -> BigInt,
        ticket_id -> Nullable<Binary>,
    }
}

diesel::table! {
    tickets (id) {
        id -> Binary,
        lot_id -> BigInt,
        number -> BigInt,
        plate_shown -> Text,
        plate_key -> Text,
        class -> Text,
        priority -> Text,
        turn -> BigInt,
        status -> Text,
        arrived_at -> BigInt,
        occurred_at -> Nullable<BigInt>,
        slot_id -> Nullable<BigInt>,
        admission -> Nullable<BigInt>,
        parked_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        exit_occurred_at -> Nullable<BigInt>,
        fee_minor -> Nullable<BigInt>,
        fee_currency -> Nullable<Text>,
        fee_lines -> Nullable<Text>,
        reason -> Nullable<Text>,
        tariff_id -> Nullable<Text>,
        tariff_version -> Nullable<BigInt>,
        discounts -> Text,
    }
}

diesel::table! {
    tariffs (id) {
        id -> Text,
        revision -> BigInt,
        draft -> Nullable<Text>,
    }
}

diesel::table! {
    tariff_versions (tariff_id, number) {
        tariff_id -> Text,
        number -> BigInt,
        document -> Text,
        published_at -> BigInt,
    }
}

diesel::table! {
    discount_codes (lot_id, code) {
        lot_id -> BigInt,
        code -> Text,
        gift -> Text,
        valid_from -> Nullable<BigInt>,
        valid_until -> Nullable<BigInt>,
        use_limit -> Nullable<BigInt>,
        plate_limit -> Nullable<BigInt>,
        stacks -> Bool,
        uses -> BigInt,
        revision -> BigInt,
        retired -> Bool,
    }
}

diesel::table! {
    discount_uses (lot_id, code, plate_key) {
        lot_id -> BigInt,
        code -> Text,
        plate_key -> Text,
        uses -> BigInt,
    }
}

diesel::table! {
    plate_corrections (ticket_id, version) {
        ticket_id -> Binary,
        version -> BigInt,
        plate_shown -> Text,
        plate_key -> Text,
        at -> BigInt,
        actor -> Text,
    }
}

diesel::table! {
    idempotency (id) {
        id -> BigInt,
        principal -> Text,
        key -> Text,
        fingerprint -> Binary,
        status -> Integer,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    new_keys (digest) {
        digest -> Binary,
        reply -> BigInt,
    }
}

diesel::table! {
    used_keys (digest) {
        digest -> Binary,
        reply -> BigInt,
    }
}

diesel::table! {
    journal (lot_id, version, n) {
        lot_id -> BigInt,
        version -> BigInt,
        n -> Integer,
        kind -> Text,
        ticket_id -> Nullable<Binary>,
        slot_id -> Nullable<BigInt>,
        actor -> Text,
        at -> BigInt,
        data -> Text,
    }
}

diesel::table! {
    epoch (only) {
        only -> BigInt,
        value -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(lots, slots, tickets);
diesel::allow_tables_to_appear_in_same_query!(tariffs, tariff_versions);
