"""Commands around what strangers see. Bounded: each command says what ends it."""
