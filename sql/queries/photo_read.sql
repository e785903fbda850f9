-- What is made of the photo of an alert.
select tag, widths, heights from case_photo where alert_id = $1 and state = 'made' and not is_proposed;
