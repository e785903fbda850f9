-- The wishes of an alert whose pictures are kept: of the photo that is shown, and of the one that waits for approval.
select wish from case_photo where alert_id = $1;
