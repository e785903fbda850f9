-- Shows the photo of the wish $2, which waited for approval, from now on.
select show_proposed_photo($1, $2);
