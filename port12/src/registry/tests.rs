mod fixture;
mod hostile;
mod official_file;
mod sets;
