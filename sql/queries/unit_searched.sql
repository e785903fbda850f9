update sweep_unit set searched = true, found = $2 where id = $1;
