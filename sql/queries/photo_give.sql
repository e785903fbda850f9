-- Gives an alert the photo that the police sent ($2), in the place of every other one; the page shows none until it is made.
select wish_photo($1, null, $2);
