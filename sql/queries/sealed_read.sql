-- What is sealed of an alert's case.
select s.case_id, s.ciphertext from alert a join case_sealed s on s.case_id = a.case_id where a.id = $1;
