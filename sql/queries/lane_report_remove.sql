delete from lane_report where process = $1;
